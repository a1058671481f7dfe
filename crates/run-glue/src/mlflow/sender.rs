//! The thread that sends, so that the training waits for no server.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Cursor, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender as Queue, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::api::{Api, MOST_METRICS, RemoteRun, Status};
use super::client::{CallError, length};
use super::known_rows::KnownRows;
use super::points::Point;
use records::counted;

/// How soon a server that did not answer is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// Rows that wait at most; a log of more is of a server that is away for hours.
const MOST_WAITING: usize = 100_000;
/// Files that wait at most: each is open.
const MOST_FILES: usize = 200;
/// Tries at the end, and the waits between them.
const LAST_TRIES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];

/// A file for the server.
pub(super) struct OpenFile {
    pub(super) name: String,
    pub(super) file: File,
}

/// What a run ends with.
pub(super) struct End {
    pub(super) status: Status,
    pub(super) tags: Vec<(String, String)>,
    /// The record, as text.
    pub(super) record: Option<String>,
}

enum Task {
    Row(Vec<Point>),
    File(OpenFile),
    End(End),
}

/// Hands what is to be sent to the thread.
pub(super) struct Sender {
    queue: Queue<Task>,
    thread: JoinHandle<()>,
    waiting: Arc<AtomicUsize>,
    /// Rows that found no room.
    dropped: Arc<AtomicUsize>,
}

impl Sender {
    /// `known`: the run goes on, and the server is asked what it has.
    pub(super) fn start(api: Api, run: RemoteRun, goes_on: bool) -> Self {
        let (queue, tasks) = channel();
        let (waiting, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut outbox = Outbox {
            api,
            run,
            known: goes_on.then(KnownRows::default),
            rows: VecDeque::new(),
            files: VecDeque::new(),
            waiting: Arc::clone(&waiting),
            dropped: Arc::clone(&dropped),
            sent: 0,
            refused: 0,
            failed_at: None,
            said: false,
        };
        let thread = std::thread::spawn(move || outbox.work(&tasks));
        Self { queue, thread, waiting, dropped }
    }

    pub(super) fn row(&self, points: Vec<Point>) {
        if self.waiting.load(Ordering::Relaxed) >= MOST_WAITING {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.queue.send(Task::Row(points));
    }

    pub(super) fn file(&self, file: OpenFile) {
        let _ = self.queue.send(Task::File(file));
    }

    /// Sends what is left, as far as the server takes it, and says what it did not.
    pub(super) fn end(self, end: End) {
        let _ = self.queue.send(Task::End(end));
        let _ = self.thread.join();
    }
}

/// A row on its way.
struct Row {
    points: Vec<Point>,
    /// Whether these are what the server lacks.
    is_held_against: bool,
}

/// What is still to be sent, and what has become of the rest.
struct Outbox {
    api: Api,
    run: RemoteRun,
    known: Option<KnownRows>,
    rows: VecDeque<Row>,
    files: VecDeque<OpenFile>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    sent: usize,
    refused: usize,
    /// When the server last did not answer.
    failed_at: Option<Instant>,
    /// Whether anything was said about what is not sent.
    said: bool,
}

impl Outbox {
    fn work(&mut self, tasks: &Receiver<Task>) {
        loop {
            let mut next = match tasks.recv_timeout(ASK_AGAIN_AFTER) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            while let Some(task) = next {
                match task {
                    Task::Row(points) => self.rows.push_back(Row { points, is_held_against: self.known.is_none() }),
                    Task::File(file) if self.files.len() < MOST_FILES => self.files.push_back(file),
                    Task::File(file) => log::warn!("MLflow: {} is not sent: too many files wait", file.name),
                    Task::End(end) => return self.end(&end),
                }
                next = tasks.try_recv().ok();
            }
            if self.failed_at.is_none_or(|at| at.elapsed() >= ASK_AGAIN_AFTER) {
                let _ = self.flush();
            }
        }
    }

    /// Sends what waits. What the server does not want is given up, and else the rest waits on.
    fn flush(&mut self) -> Result<(), CallError> {
        let flushed = self.send_rows().and_then(|()| self.send_files());
        match &flushed {
            Ok(()) if self.failed_at.take().is_some() => log::info!("MLflow at {} answers again", self.api.uri()),
            Ok(()) => {}
            Err(error) => {
                self.failed_at = Some(Instant::now());
                self.say_once(&format!("{}; the run goes on, and it is tried again", error.reason()));
            }
        }
        flushed
    }

    fn say_once(&mut self, words: &str) {
        if !std::mem::replace(&mut self.said, true) {
            log::warn!("MLflow at {}: {words}", self.api.uri());
        }
    }

    fn send_rows(&mut self) -> Result<(), CallError> {
        let mut most = usize::MAX;
        while !self.rows.is_empty() {
            let count = self.next_rows(most);
            if let Some(known) = &mut self.known {
                for row in self.rows.iter_mut().take(count).filter(|row| !row.is_held_against) {
                    row.points = match known.lacking(&self.api, &self.run.id, &row.points) {
                        Err(error) if error.is_refusal() => std::mem::take(&mut row.points),
                        other => other?,
                    };
                    row.is_held_against = true;
                }
            }
            let points: Vec<Point> = self.rows.iter().take(count).flat_map(|row| row.points.clone()).collect();
            match self.api.log_points(&self.run.id, &points) {
                Ok(()) => self.sent += count,
                // Which of them it is shows where they go one by one.
                Err(error) if error.is_refusal() && count > 1 => {
                    most = 1;
                    continue;
                }
                Err(error) if error.is_refusal() => {
                    self.refused += count;
                    self.say_once(&format!("a row of the log is not taken: {}", error.reason()));
                }
                Err(error) => return Err(error),
            }
            self.rows.drain(..count);
            self.waiting.fetch_sub(count, Ordering::Relaxed);
        }
        Ok(())
    }

    /// How many of the rows go in one call: at least one.
    fn next_rows(&self, most: usize) -> usize {
        let mut points = 0;
        let fits = |row: &&Row| {
            points += row.points.len();
            points <= MOST_METRICS
        };
        self.rows.iter().take(most).take_while(fits).count().max(1)
    }

    fn send_files(&mut self) -> Result<(), CallError> {
        let Some(artifacts) = self.run.artifacts.clone() else {
            self.files.clear();
            return Ok(());
        };
        while let Some(OpenFile { name, file }) = self.files.front_mut() {
            let read = file.rewind().and_then(|()| length(file));
            let sent = match read {
                Ok(length) => self.api.put_file(&artifacts, name, file, length),
                Err(error) => Err(CallError::Refused { status: 0, code: String::new(), message: error.to_string() }),
            };
            match sent {
                Err(error) if !error.is_refusal() => return Err(error),
                Err(error) => log::warn!("MLflow at {}: {name} is not taken: {}", self.api.uri(), error.reason()),
                Ok(()) => {}
            }
            self.files.pop_front();
        }
        Ok(())
    }

    fn end(&mut self, end: &End) {
        let mut ended = Ok(());
        for wait in LAST_TRIES {
            std::thread::sleep(wait);
            ended = self.flush().and_then(|()| self.send_end(end));
            if !matches!(ended, Err(CallError::Passing(_))) {
                break;
            }
        }
        let lost = self.rows.len() + self.refused + self.dropped.load(Ordering::Relaxed);
        let uri = self.api.uri();
        if lost > 0 {
            let all = counted(lost + self.sent, "row");
            log::warn!("MLflow at {uri}: {lost} of the log's {all} were not sent; the files of the run have them");
        } else if let Err(error) = ended {
            log::warn!("MLflow at {uri}: the end of the run was not sent: {}", error.reason());
        }
        if !self.files.is_empty() {
            log::warn!("MLflow at {uri}: {} were not sent", counted(self.files.len(), "file"));
        }
    }

    fn send_end(&self, end: &End) -> Result<(), CallError> {
        self.api.set_tags(&self.run.id, &end.tags)?;
        if let (Some(artifacts), Some(text)) = (&self.run.artifacts, &end.record) {
            self.api.put_file(artifacts, "record.json", &mut Cursor::new(text.as_bytes()), text.len() as u64)?;
        }
        self.api.set_status(&self.run.id, end.status)
    }
}
