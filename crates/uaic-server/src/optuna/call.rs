//! The calls by name.

use uaic_study::store::OptunaStore;

use super::answer::answer;
use super::status::Status;
use super::{study, trial};

/// Answers the bytes of a message with those of a framed one.
pub(super) type Call = fn(&dyn OptunaStore, &[u8]) -> Result<Vec<u8>, Status>;

/// The call of a name.
pub(super) fn named(name: &str) -> Option<Call> {
    of_study(name).or_else(|| of_trial(name))
}

fn of_study(name: &str) -> Option<Call> {
    Some(match name {
        "CreateNewStudy" => |store, message| answer(store, message, study::create),
        "DeleteStudy" => |store, message| answer(store, message, study::delete),
        "GetAllStudies" => |store, message| answer(store, message, study::all),
        "GetStudyIdFromName" => |store, message| answer(store, message, study::of_name),
        "GetStudyNameFromId" => |store, message| answer(store, message, study::name),
        "GetStudyDirections" => |store, message| answer(store, message, study::directions),
        "GetStudyUserAttributes" => |store, message| answer(store, message, study::user_attributes),
        "GetStudySystemAttributes" => |store, message| answer(store, message, study::system_attributes),
        "SetStudyUserAttribute" => |store, message| answer(store, message, study::set_user_attribute),
        "SetStudySystemAttribute" => |store, message| answer(store, message, study::set_system_attribute),
        _ => return None,
    })
}

fn of_trial(name: &str) -> Option<Call> {
    Some(match name {
        "CreateNewTrial" => |store, message| answer(store, message, trial::create),
        "SetTrialParameter" => |store, message| answer(store, message, trial::set_param),
        "SetTrialIntermediateValue" => |store, message| answer(store, message, trial::report),
        "SetTrialStateValues" => |store, message| answer(store, message, trial::set_state),
        "SetTrialUserAttribute" => |store, message| answer(store, message, trial::set_user_attribute),
        "SetTrialSystemAttribute" => |store, message| answer(store, message, trial::set_system_attribute),
        "GetTrial" => |store, message| answer(store, message, trial::one),
        "GetTrials" => trial::some,
        "GetTrialIdFromStudyIdTrialNumber" => |store, message| answer(store, message, trial::of_number),
        _ => return None,
    })
}
