//! What the recorder cannot keep goes to a file.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use uaic_study::trial::Params;

use crate::metric::Counted;
use crate::record::{Head, Line, Writer};
use crate::recorder::{Content, End, Facts, Failure, Point, Recorder};

/// After a failure the recorder is left in peace for so long.
const REST: Duration = Duration::from_secs(2);

/// Opens the recorder, which may take a while.
pub type Opening = Box<dyn FnOnce() -> Result<Box<dyn Recorder>, Failure> + Send>;

/// Gives everything to a recorder, and to a file what that cannot keep.
pub(crate) struct Keeper {
    recorder: Option<Box<dyn Recorder>>,
    rests_until: Option<Instant>,
    head: Head,
    /// Where the file is, if there is to be one.
    path: PathBuf,
    spill: Option<Writer>,
    /// The first reason why something was not kept.
    reason: Option<String>,
    /// Why the file cannot be written either.
    lost: Option<String>,
}

/// What was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unkept {
    /// Why.
    pub reason: String,
    /// Where it is instead; `None` where it is lost.
    pub file: Option<PathBuf>,
    /// Why it is lost, or a part of it.
    pub lost: Option<String>,
}

impl Keeper {
    /// Opens the recorder; where that fails, everything goes to the file.
    pub(crate) fn open(opening: Opening, head: Head, path: PathBuf) -> Self {
        let mut keeper = Self::without(head, path);
        match opening() {
            Ok(recorder) => keeper.recorder = Some(recorder),
            Err(failure) => keeper.reason = Some(failure.to_string()),
        }
        keeper
    }

    /// Nothing but the file.
    pub(crate) fn without(head: Head, path: PathBuf) -> Self {
        Self { recorder: None, rests_until: None, head, path, spill: None, reason: None, lost: None }
    }

    /// What was not kept by the recorder.
    pub(crate) fn unkept(&mut self) -> Option<Unkept> {
        if let Some(spill) = &mut self.spill
            && let Err(error) = spill.flush()
        {
            self.lost.get_or_insert_with(|| error.to_string());
        }
        let file = self.spill.as_ref().map(|spill| spill.path().to_owned());
        let reason = self.reason.clone()?;
        Some(Unkept { reason, file, lost: self.lost.clone() })
    }

    fn keep(
        &mut self,
        give: impl FnOnce(&mut dyn Recorder) -> Result<(), Failure>,
        spill: impl FnOnce(&mut Writer) -> io::Result<()>,
    ) {
        let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
        if let Some(recorder) = &mut self.recorder
            && !rests
        {
            match give(&mut **recorder) {
                Ok(()) => return,
                Err(failure) => {
                    self.reason.get_or_insert_with(|| failure.to_string());
                    self.rests_until = Some(Instant::now() + REST);
                }
            }
        }
        if let Err(error) = self.spill(spill) {
            self.lost.get_or_insert_with(|| error.to_string());
        }
    }

    fn spill(&mut self, write: impl FnOnce(&mut Writer) -> io::Result<()>) -> io::Result<()> {
        let writer = match &mut self.spill {
            Some(writer) => writer,
            none => none.insert(Writer::open(&self.path, &self.head)?),
        };
        write(writer)?;
        writer.flush()
    }

    pub(crate) fn params(&mut self, params: &Params) {
        let line = || Line::Params { params: params.clone() };
        self.keep(|recorder| recorder.params(params), |file| file.write(&line()));
    }

    pub(crate) fn facts(&mut self, facts: &Facts) {
        let line = || Line::Facts { facts: facts.clone() };
        self.keep(|recorder| recorder.facts(facts), |file| file.write(&line()));
    }

    pub(crate) fn tag(&mut self, key: &str, value: &str) {
        let line = || Line::Tag { key: key.to_owned(), value: value.to_owned() };
        self.keep(|recorder| recorder.tag(key, value), |file| file.write(&line()));
    }

    pub(crate) fn note(&mut self, text: &str) {
        self.keep(|recorder| recorder.note(text), |file| file.write(&Line::Note { text: text.to_owned() }));
    }

    pub(crate) fn points(&mut self, counted: &[Counted]) {
        let give = |recorder: &mut dyn Recorder| {
            let points: Vec<Point> = counted.iter().map(|counted| counted.point.clone()).collect();
            recorder.points(&points)
        };
        self.keep(give, |file| file.write_points(counted));
    }

    pub(crate) fn artifact(&mut self, name: &str, content: Content<'_>) {
        self.keep(|recorder| recorder.artifact(name, content), |file| file.write_artifact(name, content));
    }

    pub(crate) fn finish(&mut self, end: &End) {
        // The last word is tried whatever happened before.
        self.rests_until = None;
        self.keep(|recorder| recorder.finish(end), |file| file.write(&Line::End { end: end.clone() }));
    }
}
