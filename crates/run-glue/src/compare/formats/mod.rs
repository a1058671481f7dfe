//! The table in each of its forms, one file a form.

mod csv;
mod grid;
mod json;
mod latex;
mod markdown;
mod text;

use std::time::SystemTime;

use super::{Comparison, html};
use crate::error::Error;
use crate::report::utc::rfc3339;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, for terminals.
    Text,
    /// Everything.
    Json,
    /// A line a model, task and metric.
    Csv,
    /// A table for GitHub and model cards.
    Markdown,
    /// A table with booktabs.
    Latex,
    /// One page with tables and charts, which needs no network.
    Html,
}

impl Format {
    /// By the ending of a file's name.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "txt" => Self::Text,
            "json" => Self::Json,
            "csv" => Self::Csv,
            "md" => Self::Markdown,
            "tex" => Self::Latex,
            "html" | "htm" => Self::Html,
            _ => return None,
        })
    }
}

/// The table.
///
/// # Errors
/// When a chart cannot be drawn.
pub(super) fn render(comparison: &Comparison<'_>, format: Format) -> Result<String, Error> {
    Ok(match format {
        Format::Text => text::render(comparison),
        Format::Json => json::render(comparison),
        Format::Csv => csv::render(comparison),
        Format::Markdown => markdown::render(comparison),
        Format::Latex => latex::render(comparison),
        Format::Html => html::render(comparison, &rfc3339(SystemTime::now()))?,
    })
}
