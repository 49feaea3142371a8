//! A graph that is being built: values by name, each made by one node.

use super::proto::{Attribute, Dimension, Message, Type, node, tensor, value_info};

/// The name of a value in the graph.
pub(super) type Value = String;

/// Nodes, constants, inputs and outputs.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    count: usize,
}

impl Graph {
    fn fresh(&mut self, what: &str) -> Value {
        self.count += 1;
        format!("{what}_{}", self.count)
    }

    /// An input of whole numbers.
    pub(super) fn input(&mut self, name: &str, shape: &[Dimension], doc: &str) -> Value {
        self.inputs.push(value_info(name, Type::Int64, shape, doc));
        name.to_owned()
    }

    /// Gives a value of floats out under a name.
    pub(super) fn output(&mut self, value: &str, name: &str, shape: &[Dimension], doc: &str) {
        self.nodes.push(node("Identity", &[value], &[name], &[]));
        self.outputs.push(value_info(name, Type::Float, shape, doc));
    }

    /// Floats of the model under the name that they have there.
    pub(super) fn weights(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constants.push(tensor(name, Type::Float, shape, &raw));
        name.to_owned()
    }

    /// One float.
    pub(super) fn float(&mut self, value: f32) -> Value {
        let name = self.fresh("float");
        self.constants.push(tensor(&name, Type::Float, &[], &value.to_le_bytes()));
        name
    }

    /// Some whole numbers; one alone is a scalar.
    pub(super) fn ints(&mut self, values: &[i64]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let name = self.fresh("ints");
        self.constants.push(tensor(&name, Type::Int64, &[values.len()], &raw));
        name
    }

    /// One whole number.
    pub(super) fn int(&mut self, value: i64) -> Value {
        let name = self.fresh("int");
        self.constants.push(tensor(&name, Type::Int64, &[], &value.to_le_bytes()));
        name
    }

    /// A node with one output.
    pub(super) fn add(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> Value {
        let output = self.fresh(&operator.to_lowercase());
        self.nodes.push(node(operator, inputs, &[&output], attributes));
        output
    }

    /// A node with two outputs.
    pub(super) fn add_two(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> [Value; 2] {
        let outputs = [self.fresh(&operator.to_lowercase()), self.fresh(&operator.to_lowercase())];
        self.nodes.push(node(operator, inputs, &[&outputs[0], &outputs[1]], attributes));
        outputs
    }

    /// A node without attributes.
    pub(super) fn apply(&mut self, operator: &str, inputs: &[&str]) -> Value {
        self.add(operator, inputs, &[])
    }

    pub(super) fn cast(&mut self, value: &str, kind: Type) -> Value {
        self.add("Cast", &[value], &[("to", Attribute::Int(kind as i64))])
    }

    /// With a dimension of 1 more.
    pub(super) fn unsqueeze(&mut self, value: &str, axis: i64) -> Value {
        let axes = self.ints(&[axis]);
        self.apply("Unsqueeze", &[value, &axes])
    }

    pub(super) fn transpose(&mut self, value: &str, order: &[i64]) -> Value {
        self.add("Transpose", &[value], &[("perm", Attribute::Ints(order))])
    }

    /// 0 keeps a dimension, and −1 takes what is left.
    pub(super) fn reshape(&mut self, value: &str, shape: &[i64]) -> Value {
        let shape = self.ints(shape);
        self.apply("Reshape", &[value, &shape])
    }

    /// The sum along an axis, which goes away.
    pub(super) fn sum(&mut self, value: &str, axis: i64) -> Value {
        let axes = self.ints(&[axis]);
        self.add("ReduceSum", &[value, &axes], &[("keepdims", Attribute::Int(0))])
    }

    /// The largest value along an axis, which goes away.
    pub(super) fn largest(&mut self, value: &str, axis: i64) -> Value {
        let axes = [axis];
        self.add("ReduceMax", &[value], &[("axes", Attribute::Ints(&axes)), ("keepdims", Attribute::Int(0))])
    }

    pub(super) fn softmax(&mut self, value: &str, axis: i64) -> Value {
        self.add("Softmax", &[value], &[("axis", Attribute::Int(axis))])
    }

    /// `GraphProto`
    pub(super) fn finish(self, name: &str) -> Message {
        Message::default()
            .each(&self.nodes, |message, node| message.message(1, node))
            .bytes(2, name)
            .each(&self.constants, |message, constant| message.message(5, constant))
            .each(&self.inputs, |message, input| message.message(11, input))
            .each(&self.outputs, |message, output| message.message(12, output))
    }
}
