//! A request that stands still says so while it is waited for.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::progress::Progress;

/// How often it is looked whether something has moved.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// As long as it lives, a thread notes how long nothing has moved.
pub(crate) struct Watch {
    /// How often something has.
    moves: Arc<AtomicU64>,
    /// Nothing is sent: the thread ends when this is dropped, and is not waited for.
    _alive: Sender<()>,
}

impl Watch {
    /// `what` begins the notes. The first comes after a silence of `say_after`; one of `longest` ends the request.
    pub(super) fn start(progress: Arc<dyn Progress>, what: &str, say_after: Duration, longest: Duration) -> Self {
        let moves = Arc::new(AtomicU64::new(0));
        let (alive, ended) = channel::<()>();
        let (seen, what) = (Arc::clone(&moves), what.to_owned());
        let look_every = LOOK_EVERY.min(say_after.max(Duration::from_millis(1)));
        let watch = move || {
            let mut silence = Silence::new(Instant::now(), say_after);
            while ended.recv_timeout(look_every) == Err(RecvTimeoutError::Timeout) {
                if let Some(lasted) = silence.look(seen.load(Ordering::Relaxed), Instant::now()) {
                    progress.note(&format!(
                        "{what}: nothing has moved for {} s; still waiting, up to {} s",
                        lasted.as_secs(),
                        longest.as_secs()
                    ));
                }
            }
        };
        // Where no thread can be had, it is waited without a word.
        let _ = std::thread::Builder::new().name("hub-watch".to_owned()).spawn(watch);
        Self { moves, _alive: alive }
    }

    /// `inner`, of which every piece that is read is a move.
    pub(crate) fn reader<R: Read>(&self, inner: R) -> MovingReader<'_, R> {
        MovingReader { inner, watch: self }
    }
}

/// See [`Watch::reader`].
pub(crate) struct MovingReader<'a, R> {
    inner: R,
    watch: &'a Watch,
}

impl<R: Read> Read for MovingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer);
        self.watch.moves.fetch_add(1, Ordering::Relaxed);
        read
    }
}

/// Since when nothing has moved, and when that is to be said.
struct Silence {
    moves: u64,
    since: Instant,
    say_after: Duration,
    /// How long it is to last until it is said again.
    next: Duration,
}

impl Silence {
    fn new(now: Instant, say_after: Duration) -> Self {
        Self { moves: 0, since: now, say_after, next: say_after }
    }

    /// How long the silence has lasted, where that is to be said; `moves` is how often something has moved so far.
    fn look(&mut self, moves: u64, now: Instant) -> Option<Duration> {
        if moves != self.moves {
            (self.moves, self.since, self.next) = (moves, now, self.say_after);
        }
        let lasted = now.saturating_duration_since(self.since);
        if lasted < self.next {
            return None;
        }
        self.next = lasted.saturating_mul(2);
        Some(lasted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_said_after_a_while_and_each_time_that_it_has_doubled() {
        let began = Instant::now();
        let mut silence = Silence::new(began, Duration::from_secs(5));
        // Seconds, how often something has moved by then, and what is said.
        let looks = [
            (4, 0, None),
            (5, 0, Some(5)),
            (9, 0, None),
            (11, 0, Some(11)),
            (21, 0, None),
            (22, 0, Some(22)),
            // Something moves: another silence begins.
            (23, 7, None),
            (27, 7, None),
            (28, 7, Some(5)),
            (29, 8, None),
            (33, 9, None),
            (37, 9, None),
        ];
        for (second, moves, said) in looks {
            let lasted = silence.look(moves, began + Duration::from_secs(second));
            assert_eq!(lasted, said.map(Duration::from_secs), "second {second}");
        }
    }
}
