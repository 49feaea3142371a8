//! The calls by name.

use uaic_study::store::OptunaStore;

use super::answer::{Later, answer, write};
use super::message::{Nothing, Number, Updated};
use super::status::Status;
use super::{study, trial};

/// A look at the store: of the bytes of a message, those of a framed one.
type Look = fn(&dyn OptunaStore, &[u8]) -> Result<Vec<u8>, Status>;

/// What answers a call.
#[derive(Clone, Copy)]
pub(super) enum Call {
    /// It takes microseconds, and needs no thread of its own.
    Short(Look),
    /// It may take longer.
    Long(Look),
    /// It does where its message says so.
    Either(Look, fn(&[u8]) -> bool),
    /// The store's own thread writes.
    Write(fn(&dyn OptunaStore, &[u8]) -> Result<Later, Status>),
}

impl Call {
    /// The same, now that its message is known.
    pub(super) fn with(self, message: &[u8]) -> Self {
        match self {
            Self::Either(look, is_long) if is_long(message) => Self::Long(look),
            Self::Either(look, _) => Self::Short(look),
            call => call,
        }
    }
}

/// Calls that change nothing.
pub(super) const READING: [&str; 9] = [
    "GetAllStudies",
    "GetStudyIdFromName",
    "GetStudyNameFromId",
    "GetStudyDirections",
    "GetStudyUserAttributes",
    "GetStudySystemAttributes",
    "GetTrial",
    "GetTrials",
    "GetTrialIdFromStudyIdTrialNumber",
];

/// The call of a name.
pub(super) fn named(name: &str) -> Option<Call> {
    reading(name).or_else(|| writing(name))
}

fn reading(name: &str) -> Option<Call> {
    use Call::{Long, Short};
    Some(match name {
        "GetAllStudies" => Long(|store, message| answer(store, message, study::all)),
        "GetStudyIdFromName" => Short(|store, message| answer(store, message, study::of_name)),
        "GetStudyNameFromId" => Short(|store, message| answer(store, message, study::name)),
        "GetStudyDirections" => Short(|store, message| answer(store, message, study::directions)),
        "GetStudyUserAttributes" => Long(|store, message| answer(store, message, study::user_attributes)),
        "GetStudySystemAttributes" => Long(|store, message| answer(store, message, study::system_attributes)),
        "GetTrial" => Short(|store, message| answer(store, message, trial::one)),
        "GetTrials" => Call::Either(trial::some, trial::are_all),
        "GetTrialIdFromStudyIdTrialNumber" => {
            Short(|store, message| answer(store, message, trial::of_number))
        }
        _ => return None,
    })
}

fn writing(name: &str) -> Option<Call> {
    Some(Call::Write(match name {
        "CreateNewStudy" => |store, message| write(store, message, study::create, |id| Number { id }),
        "DeleteStudy" => |store, message| write(store, message, study::delete, done),
        "SetStudyUserAttribute" => |store, message| write(store, message, study::set_user_attribute, done),
        "SetStudySystemAttribute" => {
            |store, message| write(store, message, study::set_system_attribute, done)
        }
        "CreateNewTrial" => |store, message| write(store, message, trial::create, |id| Number { id }),
        "SetTrialParameter" => |store, message| write(store, message, trial::set_param, done),
        "SetTrialIntermediateValue" => |store, message| write(store, message, trial::report, done),
        "SetTrialStateValues" => {
            |store, message| write(store, message, trial::set_state, |is_updated| Updated { is_updated })
        }
        "SetTrialUserAttribute" => |store, message| write(store, message, trial::set_user_attribute, done),
        "SetTrialSystemAttribute" => {
            |store, message| write(store, message, trial::set_system_attribute, done)
        }
        _ => return None,
    }))
}

fn done((): ()) -> Nothing {
    Nothing {}
}
