//! The features of a dataset as the `datasets` library writes them down: which names the classes of a column have.
//!
//! In huggingface/datasets `src/datasets/features/features.py` (`Features.to_dict`, `Features._to_yaml_list`).

use serde_json::Value;

/// `[{name: label, dtype: {class_label: {names: {"0": neg, "1": pos}}}}]`, or the same in a list's items.
fn names_in_list(features: &Value, column: &str) -> Option<Vec<String>> {
    let is_column = |feature: &&Value| feature.get("name").and_then(Value::as_str) == Some(column);
    let feature = features.as_array()?.iter().find(is_column)?;
    let class_label = |kind: &Value| kind.get("class_label").cloned();
    let of_items = || {
        let items = ["list", "sequence"].into_iter().find_map(|kind| feature.get(kind))?;
        class_label(items).or_else(|| class_label(items.get("dtype")?))
    };
    let class_label = feature.get("dtype").and_then(class_label).or_else(of_items)?;
    in_order(class_label.get("names")?)
}

/// `{label: {names: [neg, pos], _type: ClassLabel}}`, or the same in a list's items: `feature` in newer files, `sequence` in older
/// ones.
pub(crate) fn names_in_mapping(features: &Value, column: &str) -> Option<Vec<String>> {
    let label = features.get(column)?;
    let of_items = || label.get("feature").or_else(|| label.get("sequence"))?.get("names");
    in_order(label.get("names").or_else(of_items)?)
}

/// What a column is said to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredType {
    /// Classes of these names, in the order of their indices.
    Classes(Vec<String>),
    /// Floats.
    Floats,
    /// Whole numbers.
    WholeNumbers,
    /// Texts.
    Texts,
}

/// The names of a column's classes, in features of either form.
pub(crate) fn class_names(features: &Value, column: &str) -> Option<DeclaredType> {
    names_in_list(features, column).or_else(|| names_in_mapping(features, column)).map(DeclaredType::Classes)
}

/// The type of a column that has no classes, in features of either form.
pub(crate) fn scalar_type(features: &Value, column: &str) -> Option<DeclaredType> {
    let is_column = |feature: &&Value| feature.get("name").and_then(Value::as_str) == Some(column);
    let in_list = || features.as_array()?.iter().find(is_column);
    match features.get(column).or_else(in_list)?.get("dtype")?.as_str()? {
        "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" => {
            Some(DeclaredType::WholeNumbers)
        }
        "float16" | "float32" | "float64" | "double" | "float" => Some(DeclaredType::Floats),
        "string" | "large_string" => Some(DeclaredType::Texts),
        _ => None,
    }
}

/// Names in a list, or by their indices.
fn in_order(names: &Value) -> Option<Vec<String>> {
    match names {
        Value::Array(names) => names.iter().map(name_of).collect(),
        Value::Object(names) => (0..names.len()).map(|index| name_of(names.get(&index.to_string())?)).collect(),
        _ => None,
    }
}

/// A name, which YAML may take for a number or a yes or no.
pub(crate) fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
