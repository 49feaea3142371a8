//! The messages, field by field as the protocol has them. A number that is 0 and a text that is empty are
//! not there: nothing tells them from what was left out.

#![allow(clippy::struct_field_names, reason = "names of the protocol")]

use std::collections::BTreeMap;

use prost::Message;

/// Directions: 0 is down, everything else up.
pub(super) const MINIMIZE: i32 = 0;
/// See [`MINIMIZE`].
pub(super) const MAXIMIZE: i32 = 1;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Nothing {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NewStudy {
    #[prost(int32, repeated, tag = "1")]
    pub(super) directions: Vec<i32>,
    #[prost(string, tag = "2")]
    pub(super) study_name: String,
}

/// A study or a trial, in questions and answers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Number {
    #[prost(int64, tag = "1")]
    pub(super) id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Name {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Directions {
    #[prost(int32, repeated, tag = "1")]
    pub(super) directions: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Attributes {
    #[prost(btree_map = "string, string", tag = "1")]
    pub(super) attributes: BTreeMap<String, String>,
}

/// An attribute of a study or a trial.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SetAttribute {
    #[prost(int64, tag = "1")]
    pub(super) id: i64,
    #[prost(string, tag = "2")]
    pub(super) key: String,
    #[prost(string, tag = "3")]
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Studies {
    #[prost(message, repeated, tag = "1")]
    pub(super) studies: Vec<Study>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Study {
    #[prost(int64, tag = "1")]
    pub(super) study_id: i64,
    #[prost(string, tag = "2")]
    pub(super) study_name: String,
    #[prost(int32, repeated, tag = "3")]
    pub(super) directions: Vec<i32>,
    #[prost(btree_map = "string, string", tag = "4")]
    pub(super) user_attributes: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "5")]
    pub(super) system_attributes: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NewTrial {
    #[prost(int64, tag = "1")]
    pub(super) study_id: i64,
    #[prost(message, optional, tag = "2")]
    pub(super) template: Option<Trial>,
    #[prost(bool, tag = "3")]
    pub(super) template_is_none: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SetParam {
    #[prost(int64, tag = "1")]
    pub(super) trial_id: i64,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(double, tag = "3")]
    pub(super) internal: f64,
    #[prost(string, tag = "4")]
    pub(super) distribution: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TrialOfNumber {
    #[prost(int64, tag = "1")]
    pub(super) study_id: i64,
    #[prost(int64, tag = "2")]
    pub(super) number: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SetState {
    #[prost(int64, tag = "1")]
    pub(super) trial_id: i64,
    #[prost(int32, tag = "2")]
    pub(super) state: i32,
    #[prost(double, repeated, tag = "3")]
    pub(super) values: Vec<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Updated {
    #[prost(bool, tag = "1")]
    pub(super) is_updated: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Report {
    #[prost(int64, tag = "1")]
    pub(super) trial_id: i64,
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(double, tag = "3")]
    pub(super) value: f64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OneTrial {
    #[prost(message, optional, tag = "1")]
    pub(super) trial: Option<Trial>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WhichTrials {
    #[prost(int64, tag = "1")]
    pub(super) study_id: i64,
    #[prost(int64, repeated, tag = "2")]
    pub(super) among: Vec<i64>,
    #[prost(int64, tag = "3")]
    pub(super) above: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Trial {
    #[prost(int64, tag = "1")]
    pub(super) trial_id: i64,
    #[prost(int64, tag = "2")]
    pub(super) number: i64,
    #[prost(int32, tag = "3")]
    pub(super) state: i32,
    #[prost(double, repeated, tag = "4")]
    pub(super) values: Vec<f64>,
    #[prost(string, tag = "5")]
    pub(super) started: String,
    #[prost(string, tag = "6")]
    pub(super) ended: String,
    #[prost(btree_map = "string, double", tag = "7")]
    pub(super) params: BTreeMap<String, f64>,
    #[prost(btree_map = "string, string", tag = "8")]
    pub(super) distributions: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "9")]
    pub(super) user_attributes: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "10")]
    pub(super) system_attributes: BTreeMap<String, String>,
    #[prost(btree_map = "int64, double", tag = "11")]
    pub(super) reports: BTreeMap<i64, f64>,
}

/// The field of trials in the answer to [`WhichTrials`], which is written trial by trial.
pub(super) const TRIALS_KEY: u8 = 1 << 3 | 2;
