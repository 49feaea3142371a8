//! How to get it again.

use super::super::page::{Block, Section};
use super::super::shell::quoted;
use super::code::{PATCH, UNTRACKED};
use super::identity::command;
use super::recorded::Recorded;

/// The commands that run it again; of what was not run by a command, those that show and keep it.
pub(super) fn again(recorded: &Recorded<'_>) -> Section {
    let run = &recorded.run;
    let id = run.id.short();
    let mut section = Section::new("again", "Reproduction");
    let Some(command) = command(recorded) else {
        section.text(
            "No command is recorded that makes it again. What is recorded of it can be taken elsewhere:",
        );
        section.blocks.push(Block::Code(format!("uaic show {id}\nuaic bundle {id} --out run-{id}.uaicrun")));
        return section;
    };
    let mut lines = Vec::new();
    lines.extend(recorded.fact("cwd").map(|folder| format!("cd {}", quoted(folder))));
    lines.extend(recorded.fact("git.commit").map(|commit| format!("git checkout {}", quoted(commit))));
    let has = |name: &str| recorded.artifacts.iter().any(|artifact| artifact.name == name);
    if has(PATCH) {
        lines.push(format!("uaic show {id} --artifact {PATCH} --out diff.patch && git apply diff.patch"));
    }
    let name = run.name.as_ref().map(|name| format!(" --name {}", quoted(name))).unwrap_or_default();
    lines.push(format!("uaic exec --experiment {}{name} -- {command}", quoted(&run.experiment)));
    section.text(match recorded.fact("git.commit") {
        Some(_) => {
            "The same command on the same code; whether the same comes out is the program's own affair."
        }
        None => "The same command; its code is in no repository, and is not kept here.",
    });
    section.blocks.push(Block::Code(lines.join("\n")));
    if command.contains("***") {
        section.text("`***` stands for what was secret.");
    }
    if has(UNTRACKED) {
        section.text("Files that git did not know are not kept; they are listed under Code.");
    }
    section
}
