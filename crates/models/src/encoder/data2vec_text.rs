//! data2vec for text (Baevski et al. 2022): RoBERTa's encoder, trained to predict its own hidden states.
//!
//! Follows <https://github.com/huggingface/transformers/blob/main/src/transformers/models/data2vec/modeling_data2vec_text.py>

use super::registration::Family;
use super::roberta;

/// The family's registration.
pub(super) const FAMILY: Family = Family {
    model_type: "data2vec-text",
    classifier_architecture: "Data2VecTextForSequenceClassification",
    prefix: "data2vec_text.",
    ..roberta::FAMILY
};
