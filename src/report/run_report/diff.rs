//! How much a difference of code changes, file by file.

/// A file that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Its path.
    pub(super) path: String,
    /// Lines that came.
    pub(super) added: usize,
    /// Lines that went.
    pub(super) removed: usize,
    /// Whether it is not made of lines.
    pub(super) is_binary: bool,
}

/// The files of a unified difference, as git writes it.
pub(super) fn changed(patch: &str) -> Vec<Changed> {
    let mut files: Vec<Changed> = Vec::new();
    // Lines of the present hunk that are still to come, of the old and of the new side.
    let (mut old, mut new) = (0_usize, 0_usize);
    for line in patch.lines() {
        if old + new > 0 {
            let Some(file) = files.last_mut() else { continue };
            match line.as_bytes().first() {
                Some(b'+') => {
                    file.added += 1;
                    new = new.saturating_sub(1);
                }
                Some(b'-') => {
                    file.removed += 1;
                    old = old.saturating_sub(1);
                }
                Some(b'\\') => {}
                _ => (old, new) = (old.saturating_sub(1), new.saturating_sub(1)),
            }
        } else if let Some(names) = line.strip_prefix("diff --git ") {
            files.push(Changed { path: second_name(names).to_owned(), ..Changed::default() });
        } else if let Some(range) = line.strip_prefix("@@ -") {
            (old, new) = lengths(range);
        } else if let (Some(file), Some(name)) = (files.last_mut(), line.strip_prefix("+++ b/")) {
            name.trim_end_matches('\t').clone_into(&mut file.path);
        } else if line == "GIT binary patch" || line.starts_with("Binary files ") {
            files.iter_mut().last().into_iter().for_each(|file| file.is_binary = true);
        }
    }
    files
}

/// `b/x` of `a/x b/x`.
fn second_name(names: &str) -> &str {
    names.rsplit_once(" b/").map_or(names, |(_, name)| name)
}

/// How many lines a hunk has of each side: of `12,3 +14,5 @@` these are 3 and 5.
fn lengths(range: &str) -> (usize, usize) {
    let length = |part: &str| match part.split_once(',') {
        Some((_, length)) => length.parse().unwrap_or(0),
        None => 1,
    };
    let mut parts = range.split(' ');
    let old = parts.next().map_or(0, length);
    let new = parts.next().and_then(|part| part.strip_prefix('+')).map_or(0, length);
    (old, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "diff --git a/train.py b/train.py
index 1..2 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,4 @@
 a
--- looks like a head
+++ b/so does this
+more
 b
@@ -9 +10 @@ def x():
-old
+new
\\ No newline at end of file
diff --git a/a b.bin b/a b.bin
new file mode 100644
GIT binary patch
literal 3
Kc$x
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1,2 +0,0 @@
-1
-2
";

    #[test]
    fn lines_are_counted_by_hunks() {
        let file =
            |path: &str, added, removed, is_binary| Changed { path: path.into(), added, removed, is_binary };
        assert_eq!(
            changed(PATCH),
            [file("train.py", 3, 2, false), file("a b.bin", 0, 0, true), file("gone", 0, 2, false)]
        );
    }

    #[test]
    fn what_is_no_patch_changes_nothing() {
        for text in
            ["", "+++ b/x\n+a\n", "@@ -1,99999999999999999999 +1 @@\n+x\n", "@@ -\n", "Binary files \n"]
        {
            assert!(changed(text).is_empty(), "{text}");
        }
    }
}
