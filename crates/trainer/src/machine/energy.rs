//! Energy that the processors used, where Linux reports it (RAPL, by the kernel's power capping interface,
//! <https://docs.kernel.org/power/powercap/powercap.html>). The counters are of the whole machine, and often only root reads them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where the kernel keeps the counters.
const POWERCAP: &str = "/sys/class/powercap";

/// Counters start again at 0 after some 65 to 260 kJ, which takes minutes: they are read more often than that.
const INTERVAL: Duration = Duration::from_secs(20);

/// One package of a processor.
struct Counter {
    file: PathBuf,
    /// Where it starts again, in microjoules.
    range: u64,
    last: u64,
}

/// Microjoules since a start.
struct Counters {
    all: Vec<Counter>,
    microjoules: u64,
}

fn number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

impl Counters {
    /// The packages that can be read; parts of a package (`intel-rapl:0:0`) are counted with it.
    fn open(root: &Path) -> Option<Self> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(root).ok()?.flatten() {
            let name = entry.file_name();
            let name = name.to_str()?;
            if !name.starts_with("intel-rapl:") || name.matches(':').count() != 1 {
                continue;
            }
            // Laptops count the whole board in `psys`, the packages included.
            let domain = std::fs::read_to_string(entry.path().join("name")).unwrap_or_default();
            if !domain.trim().starts_with("package") {
                continue;
            }
            let file = entry.path().join("energy_uj");
            let last = number(&file)?;
            all.push(Counter { range: number(&entry.path().join("max_energy_range_uj"))?, file, last });
        }
        (!all.is_empty()).then_some(Self { all, microjoules: 0 })
    }

    fn read(&mut self) {
        for counter in &mut self.all {
            let Some(now) = number(&counter.file) else { continue };
            let used = if now >= counter.last { now - counter.last } else { counter.range - counter.last + now };
            counter.last = now;
            self.microjoules += used;
        }
    }
}

/// Reads the counters from its start to its end.
pub struct EnergyMeter {
    end: Sender<()>,
    thread: JoinHandle<u64>,
}

impl EnergyMeter {
    /// `None` where the system reports nothing.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_at(Path::new(POWERCAP))
    }

    fn start_at(root: &Path) -> Option<Self> {
        let mut counters = Counters::open(root)?;
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        let read = move || {
            loop {
                let wait = ended.recv_timeout(INTERVAL);
                counters.read();
                if wait != Err(RecvTimeoutError::Timeout) {
                    return counters.microjoules;
                }
            }
        };
        let thread = std::thread::Builder::new().name("energy".into()).spawn(read).ok()?;
        Some(Self { end, thread })
    }

    /// Joules since the start.
    #[must_use]
    pub fn joules(self) -> Option<f64> {
        drop(self.end);
        self.thread.join().ok().map(|microjoules| microjoules as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(root: &Path, name: &str, domain: &str, energy: &str) -> PathBuf {
        let folder = root.join(name);
        std::fs::create_dir(&folder).unwrap();
        for (file, text) in [("name", domain), ("energy_uj", energy), ("max_energy_range_uj", "1000000\n")] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        folder.join("energy_uj")
    }

    #[test]
    fn packages_are_summed_and_counters_may_start_again() {
        let root = tempfile::tempdir().unwrap();
        let first = package(root.path(), "intel-rapl:0", "package-0\n", "900000\n");
        let second = package(root.path(), "intel-rapl:1", "package-1\n", "0\n");
        let core = package(root.path(), "intel-rapl:0:0", "core\n", "0\n");
        let board = package(root.path(), "intel-rapl:2", "psys\n", "0\n");
        let meter = EnergyMeter::start_at(root.path()).unwrap();
        for (file, value) in [(first, "100000\n"), (second, "500000\n"), (core, "7\n"), (board, "7\n")] {
            std::fs::write(file, value).unwrap();
        }
        assert_eq!(meter.joules(), Some(0.2 + 0.5));
    }

    #[test]
    fn a_machine_without_counters_reports_nothing() {
        let root = tempfile::tempdir().unwrap();
        assert!(EnergyMeter::start_at(root.path()).is_none());
        package(root.path(), "intel-rapl:0", "package-0\n", "not a number\n");
        assert!(EnergyMeter::start_at(root.path()).is_none());
        assert!(EnergyMeter::start_at(&root.path().join("absent")).is_none());
    }
}
