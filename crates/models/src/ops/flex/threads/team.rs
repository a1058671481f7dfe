//! Threads that wait awake for a moment.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long a thread waits awake for the next operation. Between two operations of a step lie some microseconds, in which the graph of the
/// backward pass grows or is followed; waking a thread takes up to a tenth of a millisecond in a virtual machine.
const AWAKE: Duration = Duration::from_micros(100);

/// Rounds of waiting from one look at the clock to the next.
const ROUNDS: u32 = 64;

/// The thread that calls and helpers of its own. One call at a time: who comes while another runs does all of its work alone, so
/// that calls within calls and from several threads end.
pub(super) struct Team {
    /// The calling thread included.
    pub(super) count: usize,
    shared: Arc<Shared>,
    turn: Mutex<()>,
}

/// What helpers see.
struct Shared {
    /// The number of the call, whether it is open to helpers, and how many have come, see [`State`].
    state: AtomicU64,
    /// Of the helpers that came, how many have left.
    left: AtomicUsize,
    /// What is called; read by helpers that came, written while none can come.
    work: UnsafeCell<Option<Work>>,
    /// Of the present call.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Helpers that sleep, or are about to.
    asleep: AtomicUsize,
    /// Where they wait.
    bed: Mutex<()>,
    wake: Condvar,
}

/// A reference without its lifetime: the call that it belongs to ends when no helper has it any more.
#[derive(Clone, Copy)]
struct Work(*const (dyn Fn() + Sync));

// SAFETY: what it refers to may be called from several threads at once.
unsafe impl Send for Work {}
// SAFETY: `work` is written between calls alone, by the one thread whose turn it is; helpers read it after they have come, which a
// state that is open allows, and the call waits until they have left.
unsafe impl Sync for Shared {}

/// [`Shared::state`] in parts.
#[derive(Clone, Copy)]
struct State(u64);

impl State {
    const CAME: u64 = 0xffff;
    const OPEN: u64 = 1 << 16;

    fn opened(call: u64) -> Self {
        Self(call << 17 | Self::OPEN)
    }

    /// Counted from 1.
    fn call(self) -> u64 {
        self.0 >> 17
    }

    fn is_open(self) -> bool {
        self.0 & Self::OPEN != 0
    }

    fn came(self) -> usize {
        (self.0 & Self::CAME) as usize
    }

    fn with_one_more(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Team {
    /// `count - 1` helpers, or as many as could be started.
    pub(super) fn new(count: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            left: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            panic: Mutex::new(None),
            asleep: AtomicUsize::new(0),
            bed: Mutex::new(()),
            wake: Condvar::new(),
        });
        for i in 1..count.min(State::CAME as usize) {
            let shared = shared.clone();
            // With fewer helpers the others have more to do.
            let _ = std::thread::Builder::new().name(format!("ops {i}")).spawn(move || shared.help());
        }
        Self { count, shared, turn: Mutex::new(()) }
    }

    /// The process's own, of as many threads as rayon has.
    pub(super) fn global() -> &'static Self {
        static TEAM: OnceLock<Team> = OnceLock::new();
        TEAM.get_or_init(|| Self::new(rayon::current_num_threads()))
    }

    /// Calls `work` here and on helpers, `count` threads at the most.
    pub(super) fn call(&self, count: usize, work: &(dyn Fn() + Sync)) {
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return work(),
        };
        let shared = &*self.shared;
        // Of a call that ended in a panic of its own.
        *lock(&shared.panic) = None;
        // SAFETY: only its lifetime is left out; `Closing` outlives every use of it.
        let work_anywhere: *const (dyn Fn() + Sync) =
            unsafe { std::mem::transmute::<&(dyn Fn() + Sync), &'static (dyn Fn() + Sync)>(work) };
        // SAFETY: no helper can come or is there, since the last call is closed and they have left; this is the only thread whose
        // turn it is.
        unsafe { *shared.work.get() = Some(Work(work_anywhere)) };
        shared.left.store(0, Ordering::Relaxed);
        let call = State(shared.state.load(Ordering::Relaxed)).call() + 1;
        shared.state.store(State::opened(call).0, Ordering::SeqCst);
        shared.wake_up(count - 1);
        let closing = Closing(shared);
        work();
        drop(closing);
        if let Some(panic) = lock(&shared.panic).take() {
            resume_unwind(panic);
        }
    }
}

/// Ends a call when it is dropped, in unwinding too: no helper comes any more, and those that came have left.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let came = State(self.0.state.fetch_and(!State::OPEN, Ordering::AcqRel)).came();
        let mut rounds = 0;
        while self.0.left.load(Ordering::Acquire) < came {
            rounds += 1;
            // A helper may have lost its core to another program, which this thread may keep waiting.
            if rounds % (16 * ROUNDS) == 0 { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    }
}

impl Shared {
    fn wake_up(&self, most: usize) {
        let asleep = self.asleep.load(Ordering::SeqCst).min(most);
        if asleep > 0 {
            // Whoever has said that it sleeps either waits now or will see the new state.
            drop(lock(&self.bed));
            (0..asleep).for_each(|_| self.wake.notify_one());
        }
    }

    /// A helper's life.
    fn help(&self) {
        let mut last = 0;
        loop {
            let state = self.next_call(last);
            last = state.call();
            if let Some(work) = self.come(state) {
                // SAFETY: the call waits until this helper has left.
                let work = unsafe { &*work.0 };
                if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                    lock(&self.panic).get_or_insert(panic);
                }
                self.left.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Waits for a call after `last`, awake first, and gives the state that it was seen in.
    fn next_call(&self, last: u64) -> State {
        let (mut began, mut rounds) = (Instant::now(), 0);
        loop {
            let state = State(self.state.load(Ordering::Acquire));
            if state.call() != last && state.is_open() {
                return state;
            }
            std::hint::spin_loop();
            rounds += 1;
            if rounds % ROUNDS == 0 && began.elapsed() > AWAKE {
                self.sleep(state.call());
                began = Instant::now();
            }
        }
    }

    /// Sleeps until there was a call after `last`.
    fn sleep(&self, last: u64) {
        let mut bed = lock(&self.bed);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        while State(self.state.load(Ordering::SeqCst)).call() == last {
            bed = self.wake.wait(bed).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    /// Counts this helper among those of the call, if it is still open, and gives what is called.
    fn come(&self, mut state: State) -> Option<Work> {
        let call = state.call();
        while state.call() == call && state.is_open() {
            match self.state.compare_exchange_weak(
                state.0,
                state.with_one_more().0,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                // SAFETY: this helper has come.
                Ok(_) => return unsafe { *self.work.get() },
                Err(now) => state = State(now),
            }
        }
        None
    }
}

/// What a panic elsewhere left is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
