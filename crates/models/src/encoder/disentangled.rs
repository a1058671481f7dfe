//! Disentangled attention as data (He et al. 2021, <https://arxiv.org/abs/2006.03654>): which terms it adds, and the table's row of a distance.

/// DeBERTa's table of relative positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disentangled {
    /// The table has twice as many rows.
    pub span: usize,
    /// Logarithmic buckets, where there are any.
    pub buckets: Option<usize>,
    /// Distances beyond fall into the last bucket.
    pub max_relative_positions: usize,
    /// What it adds to scores.
    pub terms: PositionTerms,
    /// Queries and keys of positions are made as those of tokens are, not by projections of their own.
    pub share_att_key: bool,
    /// Whether the projection of their keys has a bias; that of their queries has one.
    pub key_bias: bool,
    /// The table is normalised.
    pub norm: bool,
}

impl Disentangled {
    /// Whether each layer has a projection of its own for the queries of positions, and for their keys.
    #[must_use]
    pub fn own_projections(&self) -> [bool; 2] {
        [self.terms.position_to_content(), self.terms.content_to_position()].map(|needed| needed && !self.share_att_key)
    }

    /// The row of a distance `query - key`: `make_log_bucket_position` of `modeling_deberta_v2.py`, in f32 as there.
    #[must_use]
    pub fn row_of(&self, distance: i64) -> u32 {
        let bucket = match self.buckets {
            None => distance,
            Some(buckets) => {
                let middle = (buckets / 2) as i64;
                if distance.abs() <= middle {
                    distance
                } else {
                    let ratio = distance.abs() as f32 / middle as f32;
                    let most = ((self.max_relative_positions - 1) as f64 / middle as f64) as f32;
                    let log = (ratio.ln() / most.ln() * (middle - 1) as f32).ceil() as i64 + middle;
                    log * distance.signum()
                }
            }
        };
        let span = self.span as i64;
        (bucket + span).clamp(0, 2 * span - 1) as u32
    }
}

/// What disentangled attention adds to the product of two contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionTerms {
    /// Nothing: the table is not read.
    Neither,
    /// Both of the following.
    Both,
    /// The product of a query and the key of its distance to the token that it looks at (`c2p`).
    ContentToPosition,
    /// The product of a key and the query of that distance (`p2c`).
    PositionToContent,
}

impl PositionTerms {
    /// How many they are.
    #[must_use]
    pub fn count(self) -> usize {
        usize::from(self.content_to_position()) + usize::from(self.position_to_content())
    }

    /// Whether keys of positions are needed.
    #[must_use]
    pub fn content_to_position(self) -> bool {
        matches!(self, Self::Both | Self::ContentToPosition)
    }

    /// Whether queries of positions are needed.
    #[must_use]
    pub fn position_to_content(self) -> bool {
        matches!(self, Self::Both | Self::PositionToContent)
    }
}
