//! How a comparison is written for people, on terminals and pages alike.

use super::{Delta, LEVEL, Tested, Value};
use crate::number::shown as number;

/// `0.9624 (0.9473 – 0.9732)`, and `± 0.0043` for a standard deviation.
pub(crate) fn measured(value: &Value) -> String {
    let mut text = number(value.value);
    if let Some(deviation) = value.deviation {
        text = format!("{text} ± {}", number(deviation));
    }
    if let Some((low, high)) = value.ends {
        text = format!("{text} ({} – {})", number(low), number(high));
    }
    text
}

/// Interval, p-value and test of a difference; empty where there is none.
pub(crate) fn tested(delta: &Delta) -> [String; 3] {
    let Ok(tested) = &delta.tested else { return [const { String::new() }; 3] };
    let Tested { method, low, high, adjusted, .. } = tested;
    let star = if *adjusted < LEVEL { " *" } else { "" };
    [
        format!("{} – {}", signed(*low), signed(*high)),
        format!("{}{star}", number(*adjusted)),
        format!("{}, n = {}", method.name(), tested.n),
    ]
}

/// A difference, with its sign.
pub(crate) fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 { format!("+{text}") } else { text }
}
