//! A study that was proposed elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use crate::platform::ProcessIdentity;
use crate::spec::{Spec, asked_toml};
use crate::store::{Id, NewStudy, Store, StoreError, StudyState};
use uaic_import::SourceStudy;

/// The study of a source, made where it is not there; whether it was made, and whether its spec can say
/// what it searched.
pub(super) fn find_or_create(
    store: &dyn Store,
    source: &SourceStudy,
    experiment: &str,
) -> Result<(Id, bool, bool), StoreError> {
    let fingerprint = format!("outside:{}", source.origin);
    let text = asked_toml(experiment, &source.goals, &source.space, source.trials);
    let is_readable = Spec::parse(&text, Path::new("imported.toml"), &[]).is_ok();
    // Without a spec, what its trials have drawn from says what it searched.
    let text = if is_readable { text } else { String::new() };
    let known = store.studies()?.into_iter().find(|study| study.plan.fingerprint == fingerprint);
    if let Some(study) = known {
        store.extend_study(study.id, source.trials)?;
        return Ok((study.id, false, is_readable));
    }
    let mut environment: BTreeMap<String, String> =
        source.tags.iter().map(|(key, value)| (format!("tag.{key}"), value.clone())).collect();
    environment.insert("import.origin".to_owned(), source.origin.clone());
    environment.insert("import.name".to_owned(), source.name.clone());
    let study = store.create_study(&NewStudy {
        experiment: experiment.to_owned(),
        spec_text: text,
        spec_path: "imported.toml".to_owned(),
        overrides: Vec::new(),
        fingerprint,
        seed: 0,
        goals: source.goals.clone(),
        trials: source.trials,
        environment,
    })?;
    // Nobody here works on it.
    let outside = ProcessIdentity::outside();
    store.acquire_study(study.id, &outside)?;
    store.release_study(study.id, &outside, StudyState::Complete)?;
    Ok((study.id, true, is_readable))
}
