use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::access::{Role, Scope, Weakness};
use uaic_study::store::tracking::ExperimentId;

const GOOD: &str = "seven grey herons";

fn directory() -> (tempfile::TempDir, Directory) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    (folder, directory)
}

fn token(user: &str, name: &str) -> NewToken {
    NewToken { user: user.into(), name: name.into(), role: None, scope: Scope::All, expires_ms: None }
}

#[test]
fn the_file_is_its_owners_alone() {
    let (folder, directory) = directory();
    directory.add_user("ada", Role::Admin, GOOD).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{entry:?}");
    }
    // One that others could read is closed to them.
    fs::set_permissions(folder.path().join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    Directory::open(folder.path()).unwrap();
    let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn neither_passwords_nor_tokens_are_in_the_file() {
    let (folder, directory) = directory();
    directory.add_user("ada", Role::Admin, GOOD).unwrap();
    let (_, whole) = directory.create_token(&token("ada", "ci")).unwrap();
    let secret = &whole[whole.len() - 30..];
    for entry in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for text in [GOOD, secret] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
        }
    }
}

#[test]
fn users_come_and_go() {
    let (_folder, directory) = directory();
    directory.add_user("ada", Role::Admin, GOOD).unwrap();
    directory.add_user("bob", Role::Viewer, GOOD).unwrap();
    let told = directory.add_user("ada", Role::Viewer, GOOD).unwrap_err();
    assert!(told.to_string().contains("uaic server user password ada"), "{told}");
    for name in ["", "a b", "a/b", "-a", "größe", &"a".repeat(101), "a:b", "a\n"] {
        assert!(
            matches!(directory.add_user(name, Role::Viewer, GOOD), Err(AccessError::BadName { .. })),
            "{name}"
        );
    }
    let weak = directory.add_user("eve", Role::Viewer, "password1234");
    assert!(matches!(weak, Err(AccessError::Weak(Weakness::Common))));
    let told = directory.set_role("bobb", Role::Editor).unwrap_err().to_string();
    assert!(told.contains("did you mean `bob`?") && told.contains("uaic server user ls"), "{told}");
    directory.set_role("bob", Role::Editor).unwrap();
    assert_eq!(directory.user("bob").unwrap().role, Role::Editor);
    assert!(matches!(directory.set_password("bob", "short"), Err(AccessError::Weak(Weakness::Short))));
    directory.set_password("bob", "another seven herons").unwrap();
    assert!(matches!(directory.remove_user("ada"), Err(AccessError::LastAdmin { .. })));
    assert!(matches!(directory.set_role("ada", Role::Viewer), Err(AccessError::LastAdmin { .. })));
    directory.remove_user("bob").unwrap();
    assert_eq!(directory.users().unwrap().len(), 1);
    // The last of all may go: on this machine alone nobody is needed.
    directory.remove_user("ada").unwrap();
    assert!(directory.users().unwrap().is_empty());
}

#[test]
fn tokens_come_and_go() {
    let (_folder, directory) = directory();
    directory.add_user("ada", Role::Admin, GOOD).unwrap();
    directory.add_user("bob", Role::Viewer, GOOD).unwrap();
    let (made, whole) = directory.create_token(&token("ada", "ci")).unwrap();
    assert!(whole.starts_with(&format!("uaic_{}_", made.id)), "{whole}");
    assert_eq!(made.role, Role::Admin);
    assert!(matches!(directory.create_token(&token("ada", "ci")), Err(AccessError::TokenExists { .. })));
    assert!(matches!(directory.create_token(&token("eve", "ci")), Err(AccessError::NoUser { .. })));
    let more = NewToken { role: Some(Role::Editor), ..token("bob", "more") };
    assert!(matches!(directory.create_token(&more), Err(AccessError::RoleOfToken { .. })));
    let old = NewToken { expires_ms: Some(1), ..token("bob", "old") };
    assert!(matches!(directory.create_token(&old), Err(AccessError::Expired { .. })));
    let none = NewToken { scope: Scope::Experiments([].into()), ..token("bob", "none") };
    assert!(matches!(directory.create_token(&none), Err(AccessError::NoExperiments { .. })));
    let some = Scope::Experiments([ExperimentId(3), ExperimentId(4)].into());
    let (scoped, _) =
        directory.create_token(&NewToken { scope: some.clone(), ..token("bob", "ci") }).unwrap();
    assert_eq!(directory.tokens(Some("bob")).unwrap(), [scoped]);
    assert_eq!(directory.tokens(None).unwrap().len(), 2);
    assert!(matches!(directory.remove_token("ci"), Err(AccessError::SeveralTokens { count: 2, .. })));
    assert_eq!(directory.remove_token("bob/ci").unwrap().scope, some);
    let told = directory.remove_token("cj").unwrap_err().to_string();
    assert!(told.contains("did you mean `ci`?"), "{told}");
    assert_eq!(directory.remove_token(&made.id).unwrap(), made);
    // Whoever goes takes their tokens along.
    directory.create_token(&token("bob", "last")).unwrap();
    directory.remove_user("bob").unwrap();
    assert!(directory.tokens(None).unwrap().is_empty());
}

#[test]
fn what_another_process_changes_is_seen() {
    let (folder, directory) = directory();
    let other = Directory::open(folder.path()).unwrap();
    let before = directory.version().unwrap();
    other.add_user("ada", Role::Admin, GOOD).unwrap();
    assert_ne!(directory.version().unwrap(), before);
    assert_eq!(directory.list().unwrap().users.len(), 1);
    assert!(Directory::find(tempfile::tempdir().unwrap().path()).unwrap().is_none());
}
