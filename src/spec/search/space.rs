//! The space that `[search]` describes, and what does not fit together in it.

use std::collections::BTreeMap;

use super::super::kind::show;
use super::super::problem::{At, Complaint, Problem};
use super::super::value::Located;
use super::{Condition, Found};
use crate::nearest::nearest;
use crate::trial::ParamValue;
use uaic_study::space::{Constraint, Distribution, Space};

impl Found {
    /// The space, with what is known of keys that are not searched put into conditions and
    /// constraints; or all that does not fit together.
    pub(in crate::spec) fn space(
        &self,
        fixed: impl Fn(&str) -> Option<ParamValue>,
    ) -> Result<Space, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut distributions = self.distributions.clone();
        let mut kept: Vec<&Condition> = Vec::new();
        for condition in &self.conditions {
            match (self.get(&condition.parent), fixed(&condition.parent)) {
                (Some(parent), _) => {
                    if !self.fixed.contains(&condition.parent) {
                        problems.extend(condition.impossible(&parent.value));
                    }
                    kept.push(condition);
                }
                (None, Some(value)) if condition.admits(&value) => {}
                // Nothing is to be said of a parameter that never exists.
                (None, Some(_)) => drop(distributions.remove(&condition.name)),
                (None, None) => problems.extend(self.unknown(&condition.parent, "`when`", &condition.at)),
            }
        }
        let mut space =
            Space::new(distributions.iter().map(|(name, located)| (name.clone(), located.value.clone())));
        for Condition { name, parent, values, .. } in kept {
            if space.get(name).is_some() && space.get(parent).is_some() {
                space = space.when(name, parent, values.iter().cloned());
            }
        }
        problems.extend(self.circle(&space));
        for located in &self.constraints {
            let mut constraint = located.value.clone();
            for name in located.value.names() {
                if space.get(name).is_some() {
                    continue;
                }
                match fixed(name).map(|value| value.as_f64()) {
                    Some(Some(number)) => constraint = constraint.with(name, number),
                    Some(None) => {
                        let message = format!("`{name}` is no number, so it cannot be compared");
                        problems.push(Complaint::new(message).at(located.at.clone()));
                    }
                    None if self.get(name).is_some() => {} // it never exists
                    None => problems.extend(self.unknown(name, "the constraint", &located.at)),
                }
            }
            // One between fixed values says nothing, unless it does not hold.
            if !constraint.names().is_empty() || !constraint.holds(|_| None) {
                space = space.with_constraint(constraint);
            }
        }
        if problems.is_empty() { Ok(space) } else { Err(problems) }
    }

    /// Where a constraint of the space is written, and how.
    pub(in crate::spec) fn place_of(
        &self,
        constraint: &Constraint,
        fixed: impl Fn(&str) -> Option<ParamValue>,
    ) -> Option<(At, String)> {
        let bound = |located: &Located<Constraint>| {
            let names = located.value.names().into_iter().filter(|name| self.get(name).is_none());
            let numbers = names.filter_map(|name| Some((name, fixed(name)?.as_f64()?)));
            numbers.fold(located.value.clone(), |bound, (name, number)| bound.with(name, number))
        };
        let found = self.constraints.iter().find(|located| bound(located) == *constraint)?;
        Some((found.at.clone(), found.value.text().to_owned()))
    }

    /// That there is no such parameter, unless it is there and has been refused.
    fn unknown(&self, name: &str, who: &str, at: &At) -> Option<Problem> {
        if self.refused.contains(name) {
            return None;
        }
        let complaint = Complaint::new(format!("{who} names `{name}`, which is not searched"));
        let there = self.distributions.keys().chain(&self.refused);
        let help = if let Some(near) = nearest(name, there.clone().map(String::as_str)) {
            format!("did you mean `{near}`?")
        } else {
            let names: Vec<String> = there.map(|name| format!("`{name}`")).collect();
            if names.is_empty() {
                "[search] has no parameters".to_owned()
            } else {
                format!("[search] has {}", names.join(", "))
            }
        };
        Some(complaint.help(help).at(at.clone()))
    }

    /// A parameter that exists only where it exists.
    fn circle(&self, space: &Space) -> Option<Problem> {
        let on_circle = |start: &str| {
            let mut seen = vec![start.to_owned()];
            let mut next = 0;
            while next < seen.len() {
                for parent in space.condition(&seen[next]).into_iter().flat_map(BTreeMap::keys) {
                    if parent == start {
                        return true;
                    }
                    if !seen.contains(parent) {
                        seen.push(parent.clone());
                    }
                }
                next += 1;
            }
            false
        };
        let condition = self.conditions.iter().find(|condition| on_circle(&condition.name))?;
        let message =
            format!("`{}` exists only when it exists: its conditions go in a circle", condition.name);
        Some(Complaint::new(message).help("take one of the conditions out").at(condition.at.clone()))
    }
}

impl Condition {
    fn admits(&self, value: &ParamValue) -> bool {
        let is_same = |wanted: &ParamValue| match (wanted, value) {
            (ParamValue::Int(wanted), ParamValue::Int(value)) => wanted == value,
            _ => wanted == value || wanted.as_f64().is_some_and(|x| Some(x) == value.as_f64()),
        };
        self.values.iter().any(is_same)
    }

    /// A value that the parent never has.
    fn impossible(&self, parent: &Distribution) -> Option<Problem> {
        let missing = self.values.iter().find(|value| !parent.contains(value))?;
        let message = format!(
            "`{}` never is {}, so `{}` would never exist for it",
            self.parent,
            show(missing),
            self.name
        );
        let near = match (parent, missing) {
            (Distribution::Choice(values), ParamValue::Text(text)) => {
                let names: Vec<String> = values.iter().map(ToString::to_string).collect();
                nearest(text, names.iter().map(String::as_str)).map(str::to_owned)
            }
            _ => None,
        };
        let complaint = Complaint::new(message);
        let complaint = match near {
            Some(near) => complaint.help(format!("did you mean \"{near}\"?")),
            None => complaint.help(format!("it is searched over {parent}")),
        };
        Some(complaint.at(self.at.clone()))
    }
}
