//! Passwords: which are good enough, how they are kept, and whether one is right.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::error::AccessError;
use super::weakness::{LONGEST, SHORTEST, Weakness};

/// Memory in KiB, passes and lanes: the least that OWASP recommends for Argon2id, 19 MiB and 2 passes.
const COST: (u32, u32, u32) = (19 << 10, 2, 1);
const SALT: usize = 16;
const HASH: usize = 32;

/// Passwords that everybody tries first, of those that are long enough, without what is no letter or digit.
const COMMON: [&str; 24] = [
    "password",
    "passwort",
    "administrator",
    "admin",
    "qwertyuiop",
    "qwerty",
    "letmein",
    "welcome",
    "changeme",
    "iloveyou",
    "trustno",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "superman",
    "mlflow",
    "uaic",
    "abcdefghijkl",
    "asdfghjkl",
    "zxcvbnm",
    "secret",
    "default",
    "correcthorsebatterystaple",
];

/// That a password is not guessed within a few thousand tries.
///
/// # Errors
/// [`AccessError::Weak`].
pub fn check(name: &str, password: &str) -> Result<(), AccessError> {
    weakness(name, password).map_or(Ok(()), |weakness| Err(AccessError::Weak(weakness)))
}

fn weakness(name: &str, password: &str) -> Option<Weakness> {
    if password.chars().count() < SHORTEST {
        return Some(Weakness::Short);
    }
    if password.len() > LONGEST {
        return Some(Weakness::Long);
    }
    let letters: std::collections::BTreeSet<char> = password.to_lowercase().chars().collect();
    if letters.len() < 5 {
        return Some(Weakness::Repeated);
    }
    // `P4ssword!2024` is `password` to whoever guesses.
    let plain = plain(password);
    let (name, reversed) = (self::plain(name), plain.chars().rev().collect::<String>());
    if name.len() >= 3 && [&plain, &reversed].iter().any(|own| is_made_of(own, &name)) {
        return Some(Weakness::Name);
    }
    COMMON.iter().any(|common| is_made_of(&plain, common)).then_some(Weakness::Common)
}

/// A password without what is added to make it look like a better one.
fn plain(text: &str) -> String {
    let swapped = text.to_lowercase().replace(['0'], "o").replace(['3'], "e").replace(['4', '@'], "a");
    let swapped = swapped.replace(['5', '$'], "s").replace('7', "t");
    swapped.chars().filter(|letter| letter.is_alphabetic()).collect()
}

/// Whether a text is another one, once or several times, with at most three letters beside.
fn is_made_of(text: &str, part: &str) -> bool {
    text.contains(part) && text.replace(part, "").chars().count() <= 3
}

/// A password as it is kept: in the form that other programs write, too.
///
/// # Errors
/// [`AccessError::Random`], [`AccessError::Hash`].
pub(super) fn hash(password: &str) -> Result<String, AccessError> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(AccessError::Random)?;
    let (memory, passes, lanes) = COST;
    let hash = derive(password, &salt, COST).map_err(AccessError::Hash)?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Ok(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}"))
}

/// Whether a password is that of a hash. Takes some 20 ms, the same for each.
pub(super) fn is_right(password: &str, kept: &str) -> bool {
    let Some((cost, salt, hash)) = read(kept) else { return false };
    let Ok(own) = derive(password, &salt, cost) else { return false };
    // Hashes are compared in constant time.
    blake3::Hash::from(own) == blake3::Hash::from(hash)
}

/// What nobody's password has the hash of: who is not known takes as long as who is.
pub(super) fn nobody() -> String {
    let (memory, passes, lanes) = COST;
    let (salt, hash) = (STANDARD_NO_PAD.encode([0; SALT]), STANDARD_NO_PAD.encode([0; HASH]));
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
}

type Cost = (u32, u32, u32);

fn derive(password: &str, salt: &[u8], (memory, passes, lanes): Cost) -> Result<[u8; HASH], argon2::Error> {
    let params = Params::new(memory, passes, lanes, Some(HASH))?;
    let mut hash = [0; HASH];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        password.as_bytes(),
        salt,
        &mut hash,
    )?;
    Ok(hash)
}

fn read(kept: &str) -> Option<(Cost, Vec<u8>, [u8; HASH])> {
    let mut parts = kept.strip_prefix("$argon2id$v=19$")?.split('$');
    let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs =
        cost.split(',').zip(["m=", "t=", "p="]).map(|(text, name)| text.strip_prefix(name)?.parse().ok());
    let cost = (costs.next()??, costs.next()??, costs.next()??);
    let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
    Some((cost, STANDARD_NO_PAD.decode(salt).ok()?, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        for (password, weakness) in [
            ("", Weakness::Short),
            ("short-one12", Weakness::Short),
            ("password1234", Weakness::Common),
            ("P4ssw0rd!2026", Weakness::Common),
            ("passwordpassword", Weakness::Common),
            ("qwertyuiop123", Weakness::Common),
            ("ada.lovelace1", Weakness::Name),
            ("ecalevol.ada99", Weakness::Name),
            ("AdaLovelace2026", Weakness::Name),
            ("abababababababab", Weakness::Repeated),
            ("123412341234", Weakness::Repeated),
            ("correct horse battery staple", Weakness::Common),
        ] {
            assert_eq!(super::weakness("ada.lovelace", password), Some(weakness), "{password}");
        }
        assert_eq!(super::weakness("ada", &"long words ".repeat(100)), Some(Weakness::Long));
        for password in
            ["seven grey herons wade", "xK9#mQ2$vL5n", "größer als zwölf", "adagio for strings ok"]
        {
            assert_eq!(super::weakness("ada", password), None, "{password}");
        }
    }

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let kept = hash("seven grey herons").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right("seven grey herons", &kept));
        assert!(!is_right("seven grey heron", &kept));
        assert_ne!(hash("seven grey herons").unwrap(), kept);
        for broken in ["", "$argon2id$v=19$m=1,t=2,p=1$AAAA$AAAA", "plain", "$argon2id$v=19$m=x,t=2,p=1$$"] {
            assert!(!is_right("seven grey herons", broken), "{broken}");
        }
        assert!(!is_right("", &nobody()));
    }

    /// From the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32`.
    #[test]
    fn hashes_are_those_of_other_programs() {
        let kept = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(is_right("password", kept));
        assert!(!is_right("Password", kept));
    }
}
