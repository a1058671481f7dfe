//! The signals that ask the program to end, as the system sends them.

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To end: Ctrl-C, SIGTERM, a closed terminal.
    End,
    /// The soft limit of processor time is reached.
    ProcessorTime,
}

/// Calls `heard` for each, on a thread of its own. One that whoever started the program has it ignore stays ignored: `nohup` does that to
/// SIGHUP, and a shell to the SIGINT of what it starts in the background.
#[cfg(unix)]
pub fn listen(heard: impl Fn(Signal) + Send + 'static) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXCPU};
    let listened = [SIGINT, SIGTERM, SIGHUP, SIGXCPU].into_iter().filter(|&signal| !is_ignored(signal));
    let Ok(mut signals) = signal_hook::iterator::Signals::new(listened) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            heard(if signal == SIGXCPU { Signal::ProcessorTime } else { Signal::End });
        }
    });
}

/// The same by Ctrl-C and the closing of a console.
#[cfg(not(unix))]
pub fn listen(heard: impl Fn(Signal) + Send + 'static) {
    let _ = ctrlc::set_handler(move || heard(Signal::End));
}

/// Whether this process was started with `signal` ignored.
#[cfg(unix)]
fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: all zeros are a `sigaction`, and without a new action the call does no more than fill it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Makes a write beyond `ulimit -f` an error that is said, and no end by SIGXFSZ.
pub fn keep_file_limit() {
    #[cfg(unix)]
    {
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    }
}
