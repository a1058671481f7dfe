//! The arrow types that a text or a label can have, behind one face each.

use arrow_array::array::AnyDictionaryArray;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;

use super::raw::{ListItem, RawLabel};

/// Whether a column of this type can be read as text.
pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Whether a column of this type can be read as labels. A column that is null throughout is an unlabelled one.
pub(super) fn is_label(data_type: &DataType) -> bool {
    is_text(data_type)
        || is_number(data_type)
        || item_type(data_type).is_some_and(|item| is_text(item) || is_number(item))
}

fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        // A decimal of more digits than a float has is no label.
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => *scale >= 0,
        DataType::Boolean | DataType::Null => true,
        _ => data_type.is_integer() || data_type.is_floating(),
    }
}

/// The type of a list's items.
fn item_type(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Some(field.data_type())
        }
        _ => None,
    }
}

/// A column of text.
#[derive(Debug)]
pub(super) enum TextColumn<'a> {
    Utf8(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
    /// Where each row's text lies among the values; none for a null.
    Dictionary(Vec<Option<usize>>, Box<TextColumn<'a>>),
}

impl<'a> TextColumn<'a> {
    pub(super) fn new(array: &'a dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(Self::Utf8),
            DataType::LargeUtf8 => array.as_string_opt().map(Self::Large),
            DataType::Utf8View => array.as_string_view_opt().map(Self::View),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary_opt()?;
                let values = Self::new(dictionary.values().as_ref())?;
                Some(Self::Dictionary(keys(dictionary), Box::new(values)))
            }
            _ => None,
        }
    }

    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Utf8(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Dictionary(keys, values) => values.get((*keys.get(row)?)?),
        }
    }
}

/// A column of labels.
#[derive(Debug)]
pub(super) enum LabelColumn<'a> {
    Text(TextColumn<'a>),
    Numbers(&'a dyn Array),
    /// Where each row's label lies among the values; none for a null.
    Dictionary(Vec<Option<usize>>, Box<LabelColumn<'a>>),
    /// The list of each row; none for a null.
    Lists(Vec<Option<Vec<ListItem>>>),
}

impl<'a> LabelColumn<'a> {
    pub(super) fn new(array: &'a dyn Array) -> Option<Self> {
        if is_text(array.data_type()) {
            return TextColumn::new(array).map(Self::Text);
        }
        if let DataType::Dictionary(..) = array.data_type() {
            let dictionary = array.as_any_dictionary_opt()?;
            let values = Self::new(dictionary.values().as_ref())?;
            return Some(Self::Dictionary(keys(dictionary), Box::new(values)));
        }
        if item_type(array.data_type()).is_some() {
            return (0..array.len()).map(|row| list(array, row)).collect::<Option<_>>().map(Self::Lists);
        }
        is_label(array.data_type()).then_some(Self::Numbers(array))
    }

    pub(super) fn get(&self, row: usize) -> RawLabel<'_> {
        match self {
            Self::Text(column) => column.get(row).map_or(RawLabel::Missing, RawLabel::Text),
            Self::Lists(lists) => lists[row].as_ref().map_or(RawLabel::Missing, |items| RawLabel::List(items)),
            Self::Dictionary(keys, values) => {
                keys.get(row).copied().flatten().map_or(RawLabel::Missing, |key| values.get(key))
            }
            Self::Numbers(array) if array.is_null(row) => RawLabel::Missing,
            Self::Numbers(array) => number(*array, row),
        }
    }
}

/// Where each row's value lies among the values of a dictionary; none for a null.
fn keys(dictionary: &dyn AnyDictionaryArray) -> Vec<Option<usize>> {
    // `normalized_keys` panics where there are no values; every row is null then.
    if dictionary.values().is_empty() {
        return vec![None; dictionary.len()];
    }
    let keys = dictionary.normalized_keys().into_iter().enumerate();
    keys.map(|(row, key)| dictionary.keys().is_valid(row).then_some(key)).collect()
}

/// The items of a row's list. Outer `None`: no list of labels; inner `None`: a null.
fn list(array: &dyn Array, row: usize) -> Option<Option<Vec<ListItem>>> {
    if array.is_null(row) {
        return Some(None);
    }
    let items = match array.data_type() {
        DataType::List(_) => array.as_list_opt::<i32>()?.value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list_opt()?.value(row),
        _ => array.as_list_opt::<i64>()?.value(row),
    };
    let column = LabelColumn::new(items.as_ref())?;
    let item = |place: usize| match column.get(place) {
        RawLabel::Integer(integer) => Some(ListItem::Integer(integer)),
        RawLabel::Float(float) if float == 0.0 || float == 1.0 => Some(ListItem::Integer(float as i64)),
        RawLabel::Text(text) => Some(ListItem::Text(text.to_owned())),
        _ => None,
    };
    (0..items.len()).map(item).collect::<Option<Vec<_>>>().map(Some)
}

fn number(array: &dyn Array, row: usize) -> RawLabel<'static> {
    use RawLabel::{Float, Integer};
    match array.data_type() {
        DataType::Boolean => Integer(i64::from(array.as_boolean().value(row))),
        DataType::Int8 => Integer(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Integer(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Integer(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Integer(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Integer(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Integer(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => {
            let value = array.as_primitive::<UInt64Type>().value(row);
            i64::try_from(value).map_or(Float(value as f64), Integer)
        }
        DataType::Float16 => Float(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Decimal32(_, scale) => decimal(array.as_primitive::<Decimal32Type>().value(row).into(), *scale),
        DataType::Decimal64(_, scale) => decimal(array.as_primitive::<Decimal64Type>().value(row).into(), *scale),
        DataType::Decimal128(_, scale) => decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
        DataType::Float32 => Float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => Float(array.as_primitive::<Float64Type>().value(row)),
        // `Null`, whose rows are not marked as null one by one.
        _ => RawLabel::Missing,
    }
}

/// `digits / 10^scale`: a whole number where the column has no fraction.
fn decimal(digits: i128, scale: i8) -> RawLabel<'static> {
    match i64::try_from(digits) {
        Ok(integer) if scale == 0 => RawLabel::Integer(integer),
        _ => RawLabel::Float(digits as f64 / 10f64.powi(scale.into())),
    }
}
