//! A record in a file: lines of JSON, which whoever has a store reads later ([`replay`]).
//!
//! ```text
//! {"type":"run","schema":1,"id":"0198…","name":"train","time_ms":1700000000000}
//! {"type":"params","params":{"lr":0.0003}}
//! {"type":"facts","facts":{"git.commit":"…"}}
//! {"type":"points","key":"loss","before":17,"points":[[3,1700000000000,0.41],[4,1700000000100,"nan"]]}
//! {"type":"tag","key":"team","value":"nlp"}
//! {"type":"note","text":"…"}
//! {"type":"artifact","name":"output/stdout.txt","file":"uaic-exec-ID/1"}
//! {"type":"end","end":{"ending":{"exit":0},"seconds":1.5,"time_ms":…,"last_lines":[]}}
//! ```
//!
//! `before` is how many points the series had before these, in the whole run: whoever has some of them
//! already leaves out as many as it has beyond that. Files lie beside the record, in the folder of the
//! same name without its ending.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uaic_study::trial::Params;

use crate::json_line;
use crate::metric::Counted;
use crate::recorder::{Content, End, Facts, Failure, Point, Recorder};

/// The form of records that is written here, and the newest that can be read.
pub const SCHEMA: u32 = 1;

/// Longer lines are refused.
const LONGEST_LINE: u64 = 16 << 20;

/// Points in a line, at most.
const MOST_POINTS: usize = 1000;

/// A line of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// The first: which run this is.
    Run {
        /// [`SCHEMA`] of its time.
        schema: u32,
        /// The id that the run has, or should have.
        id: String,
        /// What it is called.
        name: Option<String>,
        /// The experiment that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        experiment: Option<String>,
        /// The id of the run that it is part of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<String>,
        /// When it began, in milliseconds since 1970 UTC.
        time_ms: i64,
    },
    /// Parameters.
    Params {
        /// By name.
        params: Params,
    },
    /// Facts.
    Facts {
        /// By name.
        facts: Facts,
    },
    /// Values of a series.
    Points {
        /// Its name.
        key: String,
        /// How many it had before these.
        before: u64,
        /// Step, time in milliseconds since 1970 UTC, value.
        points: Vec<(i64, i64, Value)>,
    },
    /// A tag.
    Tag {
        /// Its name.
        key: String,
        /// Its value.
        value: String,
    },
    /// A note.
    Note {
        /// In Markdown.
        text: String,
    },
    /// A file.
    Artifact {
        /// The name that it has in the run.
        name: String,
        /// Where it is, from the record's folder.
        file: PathBuf,
    },
    /// The end.
    End {
        /// How and when.
        end: End,
    },
}

/// What a record says of its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The id that the run has, or should have.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// The experiment that it belongs to.
    pub experiment: Option<String>,
    /// The id of the run that it is part of.
    pub parent: Option<String>,
    /// When it began, in milliseconds since 1970 UTC.
    pub time_ms: i64,
}

/// Writes a record.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    files: u32,
    /// Points of each series, where it is itself the recorder.
    counts: HashMap<Arc<str>, u64>,
}

impl Writer {
    /// A new record of a run; one that is there is continued.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(path: &Path, head: &Head) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        let is_new = file.metadata()?.len() == 0;
        let (path, file) = (path.to_owned(), BufWriter::new(file));
        let mut writer = Self { path, file, files: 0, counts: HashMap::new() };
        if is_new {
            let Head { id, name, experiment, parent, time_ms } = head.clone();
            writer.write(&Line::Run { schema: SCHEMA, id, name, experiment, parent, time_ms })?;
        }
        Ok(writer)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        self.file.write_all(b"\n")
    }

    /// Adds points, each with how many its series had before.
    pub(crate) fn write_points(&mut self, points: &[Counted]) -> io::Result<()> {
        let mut lines: BTreeMap<&str, Line> = BTreeMap::new();
        for Counted { point, before } in points {
            let line = lines.entry(&*point.key).or_insert_with(|| Line::Points {
                key: point.key.to_string(),
                before: *before,
                points: vec![],
            });
            let Line::Points { points, .. } = line else { continue };
            points.push((point.step, point.time_ms, written(point.value)));
            if points.len() >= MOST_POINTS
                && let Some(line) = lines.remove(&*point.key)
            {
                self.write(&line)?;
            }
        }
        lines.values().try_for_each(|line| self.write(line))
    }

    /// Adds a file, which is copied.
    pub(crate) fn write_artifact(&mut self, name: &str, content: Content<'_>) -> io::Result<()> {
        let folder = self.path.with_extension("");
        fs::create_dir_all(&folder)?;
        let mut place = folder.join(self.files.to_string());
        while place.exists() {
            self.files += 1;
            place = folder.join(self.files.to_string());
        }
        match content {
            Content::Bytes(bytes) => fs::write(&place, bytes)?,
            Content::File(path) => drop(fs::copy(path, &place)?),
        }
        let file = Path::new(folder.file_name().unwrap_or_default()).join(self.files.to_string());
        self.write(&Line::Artifact { name: name.to_owned(), file })
    }

    /// Puts what is buffered into the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A value as JSON has it; what it has no number for is a text.
fn written(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "nan".into(),
        None if value > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not begin as a record does.
    #[error("{} is no record of a run: it does not begin with a line of type `run`", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
    },
    /// It is of a later version.
    #[error("{} has schema {schema}; this version reads up to {SCHEMA}", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema.
        schema: u32,
    },
    /// A line cannot be read.
    #[error("{}:{line}: {why}", path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// Whoever was given it could not keep it.
    #[error("{}:{line}: {source}", path.display())]
    Unkept {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: Failure,
    },
}

/// Which run a record is of.
///
/// # Errors
/// It is no record, or one of a later version.
pub fn head(path: &Path) -> Result<Head, RecordError> {
    let unreadable = |source| RecordError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut first = String::new();
    let is_text = BufReader::new(file).take(LONGEST_LINE).read_line(&mut first).is_ok();
    match serde_json::from_str(&first) {
        Ok(Line::Run { schema, .. }) if schema > SCHEMA => {
            Err(RecordError::TooNew { path: path.to_owned(), schema })
        }
        Ok(Line::Run { id, name, experiment, parent, time_ms, .. }) if is_text => {
            Ok(Head { id, name, experiment, parent, time_ms })
        }
        _ => Err(RecordError::NoRecord { path: path.to_owned() }),
    }
}

/// Gives a record to a recorder. `known` says how many points of a series it has already: as many are left
/// out. The last line may be half a one, for whoever wrote it may have been killed.
///
/// # Errors
/// It is no record, a line of it cannot be read, or the recorder fails.
pub fn replay(
    path: &Path,
    recorder: &mut dyn Recorder,
    known: impl Fn(&str) -> u64,
) -> Result<(), RecordError> {
    head(path)?;
    let unreadable = |source| RecordError::Unreadable { path: path.to_owned(), source };
    let mut lines = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut text = Vec::new();
    for number in 1.. {
        text.clear();
        let length = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(unreadable)?;
        let is_whole = text.ends_with(b"\n");
        if length == 0 || (!is_whole && (length as u64) < LONGEST_LINE) {
            break;
        }
        let bad = |why: String| RecordError::BadLine { path: path.to_owned(), line: number, why };
        let line: Line = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        let kept = give(line, path, recorder, &known);
        kept.map_err(|source| RecordError::Unkept { path: path.to_owned(), line: number, source })?;
    }
    Ok(())
}

fn give(
    line: Line,
    path: &Path,
    recorder: &mut dyn Recorder,
    known: &impl Fn(&str) -> u64,
) -> Result<(), Failure> {
    match line {
        Line::Run { .. } => Ok(()),
        Line::Params { params } => recorder.params(&params),
        Line::Facts { facts } => recorder.facts(&facts),
        Line::Tag { key, value } => recorder.tag(&key, &value),
        Line::Note { text } => recorder.note(&text),
        Line::End { end } => recorder.finish(&end),
        Line::Artifact { name, file } => {
            let is_beside = file.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            if !is_beside {
                return Err(format!("the file {} is not beside the record", file.display()).into());
            }
            recorder.artifact(&name, Content::File(&uaic_platform::fsx::parent_of(path).join(file)))
        }
        Line::Points { key, before, points } => {
            let skipped = known(&key).saturating_sub(before) as usize;
            let key: Arc<str> = key.into();
            let point = |(step, time_ms, value): &(i64, i64, Value)| {
                let value = json_line::number(value).ok_or_else(|| format!("{value} is no number"))?;
                Ok::<_, String>(Point { key: Arc::clone(&key), step: *step, time_ms: *time_ms, value })
            };
            let points: Vec<Point> = points.iter().skip(skipped).map(point).collect::<Result<_, _>>()?;
            if points.is_empty() { Ok(()) } else { recorder.points(&points) }
        }
    }
}

/// Keeps all in a record.
impl Recorder for Writer {
    fn params(&mut self, params: &Params) -> Result<(), Failure> {
        Ok(self.write(&Line::Params { params: params.clone() })?)
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), Failure> {
        Ok(self.write(&Line::Facts { facts: facts.clone() })?)
    }

    fn tag(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        Ok(self.write(&Line::Tag { key: key.to_owned(), value: value.to_owned() })?)
    }

    fn note(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.write(&Line::Note { text: text.to_owned() })?)
    }

    fn points(&mut self, points: &[Point]) -> Result<(), Failure> {
        let mut counted = Vec::with_capacity(points.len());
        for point in points {
            let count = self.counts.entry(Arc::clone(&point.key)).or_default();
            counted.push(Counted { point: point.clone(), before: *count });
            *count += 1;
        }
        Ok(self.write_points(&counted)?)
    }

    fn artifact(&mut self, name: &str, content: Content<'_>) -> Result<(), Failure> {
        Ok(self.write_artifact(name, content)?)
    }

    fn finish(&mut self, end: &End) -> Result<(), Failure> {
        self.write(&Line::End { end: end.clone() })?;
        Ok(self.flush()?)
    }
}
