//! What holds for all specs, and that no text makes the reader panic.

use std::path::Path;

use proptest::prelude::*;
use uaic::spec::Spec;

use super::{parse, shipped};

/// A text as TOML, whatever it holds.
fn quoted(text: String) -> String {
    toml::Value::String(text).to_string()
}

fn any_override() -> impl Strategy<Value = (String, String)> {
    let float = || (1e-9..0.999f64).prop_map(|x| format!("{x:?}"));
    let name = |names: &'static [&'static str]| prop::sample::select(names).prop_map(str::to_owned);
    let range = (1e-6..0.4f64, 0.41..0.99f64);
    prop_oneof![
        (1..100_000u32).prop_map(|n| ("train.epochs".to_owned(), n.to_string())),
        (0..=i64::MAX).prop_map(|n| ("study.seed".to_owned(), n.to_string())),
        float().prop_map(|x| ("train.lr".to_owned(), x)),
        float().prop_map(|x| ("model.dropout".to_owned(), x)),
        float().prop_map(|x| ("data.validation.fraction".to_owned(), x)),
        (2..=100u32).prop_map(|n| ("data.validation.folds".to_owned(), n.to_string())),
        name(&["constant", "step", "cosine", "linear"]).prop_map(|x| ("train.schedule".to_owned(), x)),
        name(&["val/loss", "val/accuracy"]).prop_map(|x| ("study.metric".to_owned(), x)),
        "[^\\p{C}/]*[a-z][^\\p{C}/]*".prop_map(|x| ("experiment.name".to_owned(), quoted(x))),
        ".*".prop_map(|x| ("experiment.description".to_owned(), quoted(x))),
        range.prop_map(|(a, b)| (
            "search.train.warmup".to_owned(),
            format!("{{ uniform = [{a:?}, {b:?}], step = {:?} }}", (b - a) / 3.0)
        )),
        (1..50u32, 51..99u32)
            .prop_map(|(a, b)| ("search.model.hidden_dim".to_owned(), format!("{{ int = [{a}, {b}] }}"))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_the_effective_spec_gives_the_spec_again(overrides in prop::collection::vec(any_override(), 0..8)) {
        let spec = Spec::parse(&shipped("attention"), Path::new("x.toml"), &overrides).unwrap();
        let again = parse(&spec.effective_toml(), &[]).unwrap();
        prop_assert_eq!(&again.experiment, &spec.experiment);
        prop_assert_eq!(&again.objective, &spec.objective);
        prop_assert_eq!(&again.search, &spec.search);
        prop_assert_eq!(&again.study, &spec.study);
        prop_assert_eq!(again.fingerprint(), spec.fingerprint());
    }

    #[test]
    fn no_mutation_of_a_spec_makes_the_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..12)
    ) {
        let mut bytes = shipped("attention").into_bytes();
        for (at, byte, change) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => bytes.insert(at, b"[]{}=\".\n#,'-"[byte as usize % 12]),
            }
        }
        match parse(&String::from_utf8_lossy(&bytes), &[]) {
            Ok(spec) => prop_assert!(parse(&spec.effective_toml(), &[]).is_ok()),
            Err(errors) => {
                prop_assert!(!errors.0.is_empty());
                prop_assert!(errors.to_string().starts_with("error: "));
            }
        }
    }

    #[test]
    fn no_override_makes_the_reader_panic(key in "(search\\.)?(train|data|model)?\\.?[a-z_.]{0,9}", value in ".{0,12}") {
        if let Err(errors) = parse(&shipped("attention"), &[(&key, &value)]) {
            prop_assert!(errors.to_string().starts_with("error: "));
        }
    }
}
