//! A split as the trainer reads it: token ids, targets, and batches of them.

use glue_tasks::dataset::{Example, Label};
use glue_tasks::task::TaskKind;
use models::batch::{Sequences, TokenBatch};
use models::head::Targets;
use models::ops::EncoderOps;

use crate::tokenize::{Encoded, GROUP, TextTokenizer, TokenizeError};

/// How batches are laid out in memory; it does not change any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Tokens end to end, up to a multiple of so many rows; of 1 there are no padding rows.
    Packed(usize),
    /// To the longest of the batch, up to a multiple of so many tokens.
    Longest(usize),
    /// To a fixed length.
    To(usize),
}

impl Padding {
    /// What the backend does best; `to`: to a fixed length.
    #[must_use]
    pub fn of<B: EncoderOps>(to: Option<usize>) -> Self {
        let properties = B::capabilities();
        match to {
            Some(length) => Self::To(length),
            None if properties.prefers_packed => Self::Packed(properties.bucket.rows),
            None => Self::Longest(properties.bucket.length),
        }
    }
}

/// A tokenized split.
pub struct Split {
    /// Name in the dataset.
    pub name: String,
    encoded: Encoded,
    labels: Vec<Option<Label>>,
    kind: TaskKind,
    pad_token_id: u32,
}

impl Split {
    /// Tokenizes a split's examples; texts are gone as soon as their tokens are there.
    ///
    /// # Errors
    /// Those of the tokenizer.
    pub fn new(
        name: &str,
        examples: Vec<Example>,
        kind: TaskKind,
        tokenizer: &TextTokenizer,
        max_seq_length: usize,
    ) -> Result<Self, TokenizeError> {
        let has_pairs = examples.iter().any(|example| example.text_pair.is_some());
        let mut encoder = tokenizer.encoder(examples.len(), has_pairs, max_seq_length)?;
        let mut labels = Vec::with_capacity(examples.len());
        let mut rest = examples.into_iter();
        while rest.len() > 0 {
            let mut group: Vec<Example> = rest.by_ref().take(GROUP).collect();
            encoder.add(&group, |example| (example.text.as_str(), example.text_pair.as_deref()))?;
            labels.extend(group.iter_mut().map(|example| example.label.take()));
        }
        Ok(Self::of_tokens(name, encoder.finish(), labels, kind, tokenizer))
    }

    /// Of rows that `tokenizer` made tokens of.
    pub(crate) fn of_tokens(
        name: &str,
        encoded: Encoded,
        labels: Vec<Option<Label>>,
        kind: TaskKind,
        tokenizer: &TextTokenizer,
    ) -> Self {
        Self { name: name.to_owned(), encoded, labels, kind, pad_token_id: tokenizer.pad_token_id() }
    }

    /// The tokens of its rows.
    pub(crate) fn tokens(&self) -> &Encoded {
        &self.encoded
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.encoded.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that were cut to the longest length.
    #[must_use]
    pub fn truncated_rows(&self) -> usize {
        self.encoded.truncated_rows()
    }

    /// Tokens of a row, special ones included.
    #[must_use]
    pub fn length(&self, row: u32) -> usize {
        self.encoded.length(row as usize)
    }

    /// The labels, one a row.
    #[must_use]
    pub fn labels(&self) -> &[Option<Label>] {
        &self.labels
    }

    /// The class of a row, in the dataset's order.
    #[must_use]
    pub fn class(&self, row: u32) -> Option<usize> {
        match self.labels[row as usize] {
            Some(Label::Class(class)) => Some(class),
            _ => None,
        }
    }

    /// The first row without a label.
    #[must_use]
    pub fn first_unlabelled(&self) -> Option<usize> {
        self.labels.iter().position(Option::is_none)
    }

    /// Targets of labelled `rows`, classes through `class_order` (dataset index to model index).
    #[must_use]
    pub fn targets(&self, rows: &[u32], class_order: &[usize]) -> Targets {
        let labels = rows.iter().map(|&row| &self.labels[row as usize]);
        match self.kind {
            TaskKind::Classification => Targets::Classes(
                labels
                    .map(|label| match label {
                        Some(Label::Class(class)) => class_order[*class],
                        _ => 0,
                    })
                    .collect(),
            ),
            TaskKind::Regression => Targets::Scores(
                labels
                    .map(|label| match label {
                        Some(Label::Score(score)) => *score,
                        _ => f32::NAN,
                    })
                    .collect(),
            ),
            TaskKind::MultiLabel => Targets::MultiLabel(
                labels
                    .map(|label| {
                        let mut row = vec![0.0; class_order.len()];
                        if let Some(Label::Classes(classes)) = label {
                            classes.iter().for_each(|&class| row[class_order[class]] = 1.0);
                        }
                        row
                    })
                    .collect(),
            ),
        }
    }

    /// Token ids of `rows`; the first is example `first_example` of its optimizer step.
    #[must_use]
    pub fn batch(&self, rows: &[u32], padding: Padding, first_example: usize) -> TokenBatch {
        let rows: Vec<(Vec<u32>, Vec<u8>)> = rows.iter().map(|&row| self.encoded.row(row as usize)).collect();
        let rows: Vec<(&[u32], &[u8])> = rows.iter().map(|(ids, types)| (ids.as_slice(), types.as_slice())).collect();
        let lengths: Vec<usize> = rows.iter().map(|(ids, _)| ids.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let sequences = match padding {
            Padding::Packed(multiple) => Sequences::packed(lengths).rounded(multiple),
            Padding::Longest(multiple) => Sequences::padded(lengths, longest.next_multiple_of(multiple)),
            Padding::To(length) => Sequences::padded(lengths, length),
        };
        TokenBatch::laid_out(&rows, self.pad_token_id, sequences.with_first_example(first_example))
    }
}
