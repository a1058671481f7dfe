//! A terminal whose end is no error: indicatif takes each for one that cannot happen, and a run would end with its window.

use std::io;

use console::Term;
use indicatif::TermLike;

/// Standard error, as far as anybody reads it.
#[derive(Debug)]
pub struct LastingTerminal(Term);

impl LastingTerminal {
    /// Of this process.
    #[must_use]
    pub fn stderr() -> Self {
        Self(Term::buffered_stderr())
    }
}

/// What cannot be shown is not shown.
fn unseen(_: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for LastingTerminal {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        unseen(self.0.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        unseen(self.0.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        unseen(self.0.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        unseen(self.0.move_cursor_left(n))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        unseen(self.0.write_line(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        unseen(self.0.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        unseen(self.0.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        unseen(self.0.flush())
    }
}
