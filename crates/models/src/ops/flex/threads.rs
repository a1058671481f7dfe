//! The threads that the fused operations are divided between.
//!
//! A step is hundreds of operations of ten microseconds to some milliseconds, one right after the other. Threads that fall asleep in between,
//! as those of `rayon` do, are woken for each of them, which takes longer than a small operation; and the thread that asks for
//! the operation is woken again at its end. Here that thread takes its part of the work, and the others stay awake for a moment
//! after theirs, as those of OpenMP do.
//!
//! Where products are made by the `gemm` crate they run on rayon's threads; then everything does, so that there are no more threads than
//! cores.

mod team;

use std::sync::{Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use self::team::Team;
use super::simd;

/// How many there are: rayon's number, which `RAYON_NUM_THREADS` sets.
pub(super) fn count() -> usize {
    if simd::has_own_products() { team().count } else { rayon::current_num_threads() }
}

fn team() -> &'static Team {
    #[cfg(test)]
    if let Some(team) = tests::TEAM.get() {
        return team;
    }
    Team::global()
}

/// Items that are divided between the threads.
pub(super) trait Parallel: Iterator<Item: Send> + Sized + Send {
    /// Calls `task` for each item, in any order.
    fn par_for_each(self, task: impl Fn(Self::Item) + Sync) {
        self.par_for_each_init(|| (), |(), item| task(item));
    }

    /// The same with something that each thread makes for itself first, and may change.
    fn par_for_each_init<S>(self, init: impl Fn() -> S + Sync, task: impl Fn(&mut S, Self::Item) + Sync) {
        let most = self.size_hint().1.unwrap_or(usize::MAX);
        let items = Mutex::new(self);
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        by_all(most, &|| {
            // Whoever comes late makes nothing.
            let Some(mut item) = next() else { return };
            let mut state = init();
            loop {
                task(&mut state, item);
                match next() {
                    Some(next) => item = next,
                    None => return,
                }
            }
        });
    }

    /// What `task` gives for each item, in the items' order.
    fn par_map<R: Send>(self, task: impl Fn(Self::Item) -> R + Sync) -> Vec<R> {
        self.par_map_init(|| (), |(), item| task(item))
    }

    /// The same with something that each thread makes for itself first, and may change.
    fn par_map_init<S, R: Send>(
        self,
        init: impl Fn() -> S + Sync,
        task: impl Fn(&mut S, Self::Item) -> R + Sync,
    ) -> Vec<R> {
        let results = Mutex::new(Vec::new());
        self.enumerate().par_for_each_init(init, |state, (i, item)| {
            let result = task(state, item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((i, result));
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_unstable_by_key(|(i, _)| *i);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

impl<I: Iterator<Item: Send> + Send> Parallel for I {}

/// Calls `work` on this thread and on up to `most - 1` others at the same time, those that have nothing else to do; each call takes
/// from what is to be done until nothing is left.
fn by_all(most: usize, work: &(dyn Fn() + Sync)) {
    let count = count().min(most);
    if count < 2 {
        work();
    } else if simd::has_own_products() {
        team().call(count, work);
    } else {
        (0..count).into_par_iter().for_each(|_| work());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    thread_local! {
        pub(super) static TEAM: Cell<Option<&'static Team>> = const { Cell::new(None) };
    }

    /// What `f` gives where there are `count` threads.
    pub(in crate::ops::flex) fn with_threads<R: Send>(count: usize, f: impl FnOnce() -> R + Send) -> R {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        pool.install(|| {
            TEAM.set(Some(Box::leak(Box::new(Team::new(count)))));
            f()
        })
    }

    #[test]
    fn each_item_is_worked_on_once_whatever_the_pause() {
        for threads in [1, 2, 3, 8] {
            with_threads(threads, || {
                for round in 0..3000 {
                    let mut items = vec![0; round % 40];
                    items.iter_mut().par_for_each(|item| *item += 1);
                    assert!(items.iter().all(|item| *item == 1), "{threads} threads, round {round}");
                    // Long enough to fall asleep now and then.
                    if round % 500 == 0 {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                }
            });
        }
    }

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for threads in [1, 2, 5] {
            let squares = with_threads(threads, || (0..1000usize).par_map(|i| i * i));
            assert!(squares.iter().enumerate().all(|(i, square)| *square == i * i));
        }
    }

    #[test]
    fn calls_within_calls_and_from_many_threads_end() {
        with_threads(3, || {
            let team = TEAM.get();
            let sum = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        TEAM.set(team);
                        for _ in 0..200 {
                            (0..5usize).par_for_each(|_| {
                                (0..5usize).par_for_each(|i| {
                                    sum.fetch_add(i, Ordering::Relaxed);
                                });
                            });
                        }
                    });
                }
            });
            assert_eq!(sum.into_inner(), 4 * 200 * 5 * 10);
        });
    }

    #[test]
    fn a_panic_of_any_thread_is_the_callers_and_the_next_call_goes_on() {
        with_threads(2, || {
            for broken in 0..20 {
                let work = || (0..20usize).par_for_each(|i| assert_ne!(i, broken, "broken"));
                assert!(std::panic::catch_unwind(work).is_err());
                assert_eq!((0..9usize).par_map(|i| i), (0..9).collect::<Vec<_>>());
            }
        });
    }
}
