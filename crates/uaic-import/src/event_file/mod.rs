//! Event files as TensorBoard reads them, also while they grow.

mod event;
mod frames;
mod hparams;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use uaic_platform::fsx::FileError;

pub(crate) use event::Item;
pub(crate) use hparams::Session;

use crate::error::ImportError;
use crate::identity::{FileIdentity, News};
use crate::record::SourcePoint;
use event::Tags;
use frames::{Frame, Frames};

/// An event file that is read from where the last look ended.
///
/// A half record at its end is waited for; a file that was truncated or replaced is read from its start.
pub struct EventFile {
    path: PathBuf,
    frames: Frames,
    identity: FileIdentity,
    tags: Tags,
    broken: Option<String>,
}

/// How far a look came.
#[derive(Default)]
pub(crate) struct Look {
    pub(crate) news: News,
    /// Nothing more is there, for now.
    pub(crate) is_end: bool,
    /// Records that are too long to be read.
    pub(crate) too_long: u64,
}

impl EventFile {
    /// Opens an event file; nothing is read yet.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(FileError::at("open", path))?;
        let identity = FileIdentity::of(&file.metadata().map_err(FileError::at("open", path))?);
        Ok(Self {
            path: path.to_owned(),
            frames: Frames::new(file),
            identity,
            tags: Tags::default(),
            broken: None,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the points since the last look.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read_new(&mut self, each: &mut dyn FnMut(&str, SourcePoint)) -> Result<News, ImportError> {
        let look = self.look::<ImportError>(u64::MAX, &mut |item| {
            if let Item::Point(key, point) = item {
                each(key, point);
            }
            Ok(())
        })?;
        Ok(look.news)
    }

    /// Gives what the next records say, of about so many bytes.
    pub(crate) fn look<E: From<ImportError>>(
        &mut self,
        bytes: u64,
        each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<Look, E> {
        let mut look = Look::default();
        look.news.replaced = self.reopen_if_replaced()?;
        let until = self.frames.offset().saturating_add(bytes);
        while self.broken.is_none() && self.frames.offset() < until {
            let frame =
                self.frames.next().map_err(FileError::at("read", &self.path)).map_err(ImportError::from)?;
            match frame {
                Frame::Record(record) => event::walk(record, &mut self.tags, &mut |item| {
                    look.news.points += u64::from(matches!(item, Item::Point(..)));
                    each(item)
                })?,
                Frame::TooLong(_) => look.too_long += 1,
                Frame::End => {
                    look.is_end = true;
                    break;
                }
                Frame::Broken(why) => self.broken = Some(format!("{why}, at byte {}", self.frames.offset())),
            }
        }
        look.is_end |= self.broken.is_some();
        look.news.broken.clone_from(&self.broken);
        Ok(look)
    }

    /// How many bytes have been read.
    pub(crate) fn offset(&self) -> u64 {
        self.frames.offset()
    }

    fn reopen_if_replaced(&mut self) -> Result<bool, ImportError> {
        // A file that was deleted may have an end that is still unread.
        let Ok(metadata) = fs::metadata(&self.path) else { return Ok(false) };
        if FileIdentity::of(&metadata) == self.identity && metadata.len() >= self.frames.offset() {
            if metadata.len() < self.frames.read() {
                self.frames.reread().map_err(FileError::at("read", &self.path))?;
            }
            return Ok(false);
        }
        *self = Self::open(&self.path)?;
        Ok(true)
    }
}
