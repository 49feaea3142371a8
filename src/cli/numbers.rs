//! Negative numbers on the command line: `uaic tell @ 0 -7.5e-05`.
//!
//! To the parser of arguments `-5` and `-0.1` are numbers, where an argument allows any, but `-7.5e-05`,
//! `-.5`, `-inf` and `-nan` are options. Whether a script works must not depend on how small its numbers
//! are: they are written as numbers that the parser knows, and all arguments with a value allow them.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Lets every argument that takes a value take a negative number.
pub(super) fn allow(command: Command) -> Command {
    let takes_value = |arg: &Arg| arg.get_action().takes_values();
    command
        .mut_args(|arg| if takes_value(&arg) { arg.allow_negative_numbers(true) } else { arg })
        .mut_subcommands(allow)
}

/// The arguments with negative numbers in a form that the parser takes for numbers. What comes after the verb
/// `exec` is for another program and stays as it is.
pub(super) fn readable(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut is_ours = true;
    let rewrite = |argument: OsString| {
        is_ours &= argument != "exec";
        let rewritten = is_ours.then(|| argument.to_str().and_then(rewritten)).flatten();
        rewritten.map_or(argument, OsString::from)
    };
    arguments.into_iter().map(rewrite).collect()
}

/// A negative number otherwise; `None` for what is none, or needs no help.
fn rewritten(argument: &str) -> Option<String> {
    let digits = argument.strip_prefix('-').filter(|digits| !digits.starts_with(['-', '+']))?;
    let number: f64 = argument.parse().ok()?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain {
        return None;
    }
    Some(match number {
        nan if nan.is_nan() => "nan".to_owned(),
        infinite if infinite.is_infinite() => "-1e999".to_owned(),
        // Without exponent, to the same bits.
        number => format!("{number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_numbers_keep_their_value_and_nothing_else_changes() {
        for number in
            ["-7.5e-05", "-1e-3", "-1E+5", "-.5", "-0.1", "-5e-324", "-1.7976931348623157e308", "-0.0"]
        {
            let (was, now) = (number.parse::<f64>().unwrap(), rewritten(number).unwrap());
            assert_eq!(was.to_bits(), now.parse::<f64>().unwrap().to_bits(), "{number}");
            assert!(!now.contains('e'), "{now}");
        }
        for infinite in ["-inf", "-Infinity", "-1e999"] {
            assert_eq!(rewritten(infinite).unwrap().parse(), Ok(f64::NEG_INFINITY));
        }
        assert!(rewritten("-nan").unwrap().parse::<f64>().unwrap().is_nan());
        for other in
            ["-n", "-v", "--1e-3", "-", "--", "-5", "-9223372036854775808", "1e-3", "-P", "-1x", "-i"]
        {
            assert_eq!(rewritten(other), None, "{other}");
        }
    }
}
