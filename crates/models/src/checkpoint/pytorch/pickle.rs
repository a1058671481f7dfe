//! The part of Python's pickle format that state dictionaries use (`Lib/pickle.py`, protocols 2 to 5).
//!
//! Containers live in flat lists and are named by their index: an object that is recalled from the memo is the same
//! object, as in Python, and neither repeated nor deeply nested objects can exhaust memory or the stack.

use std::collections::HashMap;
use std::rc::Rc;

use super::global::{Global, global};
use super::stored::{Storage, StoredTensor};

/// More axes than any parameter has; keeps the size of a tensor's description in proportion to the file.
const MAX_AXES: usize = 16;

/// What a pickle can hold here.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// None, truth values, floats, bytes, and whatever else plays no part.
    Nothing,
    Int(i64),
    Text(Rc<str>),
    /// A tuple or list, by index.
    Items(usize),
    /// A dictionary, by its index among the unpickled ones.
    Dict(usize),
    Global(Global),
    /// A storage, by its index among those that were named.
    Storage(usize),
    /// A tensor, by its index among those that were described.
    Tensor(usize),
}

/// An unpickled object.
#[derive(Default)]
pub(super) struct Unpickled {
    root: Option<Value>,
    items: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    /// Every storage that is named anywhere.
    pub(super) storages: Vec<Storage>,
    tensors: Vec<StoredTensor>,
}

impl Unpickled {
    /// The object's entries, if it is a dictionary.
    pub(super) fn root_dict(&self) -> Option<&[(Value, Value)]> {
        self.dict(self.root.as_ref()?)
    }

    /// The object's items, if it is a list.
    pub(super) fn root_items(&self) -> Option<&[Value]> {
        self.items(self.root.as_ref()?)
    }

    /// The entries of a dictionary, in the order in which they were set.
    pub(super) fn dict(&self, value: &Value) -> Option<&[(Value, Value)]> {
        if let Value::Dict(index) = value { self.dicts.get(*index).map(Vec::as_slice) } else { None }
    }

    /// The description of a tensor.
    pub(super) fn tensor(&self, value: &Value) -> Option<&StoredTensor> {
        if let Value::Tensor(index) = value { self.tensors.get(*index) } else { None }
    }

    fn items(&self, value: &Value) -> Option<&[Value]> {
        if let Value::Items(index) = value { self.items.get(*index).map(Vec::as_slice) } else { None }
    }

    fn add_items(&mut self, items: Vec<Value>) -> Value {
        self.items.push(items);
        Value::Items(self.items.len() - 1)
    }

    fn add_dict(&mut self, dict: Vec<(Value, Value)>) -> Value {
        self.dicts.push(dict);
        Value::Dict(self.dicts.len() - 1)
    }

    /// The object that a constructor makes of its arguments.
    fn call(&mut self, callable: &Value, arguments: &Value) -> Result<Value, String> {
        let (Value::Global(global), Some(arguments)) = (callable, self.items(arguments)) else {
            return Err("the pickle calls something that is no constructor".to_owned());
        };
        match global {
            Global::OrderedDict => {
                // Python 2 passes a list of [key, value]; Python 3 sets the entries later.
                let pairs = arguments.first().and_then(|list| self.items(list)).unwrap_or_default();
                let dict = pairs.iter().filter_map(|pair| match self.items(pair)? {
                    [key, value] => Some((key.clone(), value.clone())),
                    _ => None,
                });
                let dict = dict.collect();
                Ok(self.add_dict(dict))
            }
            Global::RebuildParameter | Global::Size => {
                arguments.first().cloned().ok_or_else(|| "a constructor without an argument".to_owned())
            }
            Global::RebuildTensor => {
                let [Value::Storage(storage), Value::Int(offset), shape, strides, ..] = arguments else {
                    return Err("a tensor without storage, offset, size and stride".to_owned());
                };
                let tensor = StoredTensor {
                    storage: self.storages.get(*storage).cloned().ok_or("a tensor without storage")?,
                    offset: usize::try_from(*offset).map_err(|_| "a tensor with a negative offset")?,
                    shape: self.sizes(shape)?,
                    strides: self.sizes(strides)?,
                };
                if tensor.shape.len() != tensor.strides.len() {
                    return Err("a tensor with another number of sizes than of strides".to_owned());
                }
                self.tensors.push(tensor);
                Ok(Value::Tensor(self.tensors.len() - 1))
            }
            Global::Harmless => Ok(Value::Nothing),
            Global::Storage(_) => Err("the pickle constructs a storage".to_owned()),
        }
    }

    fn sizes(&self, value: &Value) -> Result<Vec<usize>, String> {
        let items = self.items(value).filter(|items| items.len() <= MAX_AXES);
        let size = |item: &Value| if let Value::Int(n) = item { usize::try_from(*n).ok() } else { None };
        items
            .and_then(|items| items.iter().map(size).collect())
            .ok_or_else(|| "a tensor whose sizes or strides are no short tuple of whole numbers".to_owned())
    }

    /// `("storage", class, key, location, elements[, None or (key of the view, first element, elements)])`.
    fn persistent(&mut self, id: &Value) -> Result<Value, String> {
        let Some([_, Value::Global(Global::Storage(element)), Value::Text(key), _, Value::Int(len), rest @ ..]) =
            self.items(id)
        else {
            return Err("a storage without class, key and size".to_owned());
        };
        let size = |n: i64| usize::try_from(n).map_err(|_| "a storage with a negative size".to_owned());
        let view = match rest.first().and_then(|view| self.items(view)) {
            Some([_, Value::Int(first), Value::Int(count), ..]) => Some((size(*first)?, size(*count)?)),
            Some(_) => return Err("a view without offset and size".to_owned()),
            None => None,
        };
        let storage = Storage { element, key: key.clone(), len: size(*len)?, view };
        self.storages.push(storage);
        Ok(Value::Storage(self.storages.len() - 1))
    }
}

/// One pickle's object, and the bytes that follow it.
pub(super) fn load(bytes: &[u8]) -> Result<(Unpickled, &[u8]), String> {
    let mut machine = Unpickler {
        rest: bytes,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        made: Unpickled::default(),
    };
    machine.made.root = Some(machine.run()?);
    Ok((machine.made, machine.rest))
}

struct Unpickler<'a> {
    rest: &'a [u8],
    stack: Vec<Value>,
    /// Lengths of the stack at open marks.
    marks: Vec<usize>,
    memo: HashMap<usize, Value>,
    made: Unpickled,
}

impl<'a> Unpickler<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or("the pickle is cut off")?;
        self.rest = rest;
        Ok(head)
    }

    fn unsigned(&mut self, bytes: usize) -> Result<usize, String> {
        let value = self.take(bytes)?.iter().rev().fold(0u64, |value, &byte| (value << 8) | u64::from(byte));
        usize::try_from(value).map_err(|e| e.to_string())
    }

    fn text(&mut self, n: usize) -> Result<Value, String> {
        std::str::from_utf8(self.take(n)?).map(|text| Value::Text(text.into())).map_err(|e| e.to_string())
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let n = self.rest.iter().position(|&b| b == b'\n').ok_or("the pickle is cut off")?;
        let line = std::str::from_utf8(self.take(n)?).map_err(|e| e.to_string())?;
        self.take(1)?;
        Ok(line)
    }

    fn pop(&mut self) -> Result<Value, String> {
        if self.marks.last().is_some_and(|&mark| self.stack.len() <= mark) {
            return Err("the pickle's stack is out of order".to_owned());
        }
        self.stack.pop().ok_or_else(|| "the pickle's stack is empty".to_owned())
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len()).ok_or("the pickle lacks a mark")?;
        Ok(self.stack.split_off(mark))
    }

    fn memoize(&mut self, index: usize) -> Result<(), String> {
        let top = self.stack.last().cloned().ok_or("the pickle's stack is empty")?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&self, index: usize) -> Result<Value, String> {
        self.memo.get(&index).cloned().ok_or_else(|| "the pickle names an object that it does not have".to_owned())
    }

    /// A whole number of `n` little-endian bytes in two's complement; longer ones than 64 bits are of no use here.
    fn long(&mut self, n: usize) -> Result<Value, String> {
        let bytes = self.take(n)?;
        if n > 8 {
            return Ok(Value::Nothing);
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let start: u64 = if negative { u64::MAX } else { 0 };
        let value = bytes.iter().rev().fold(start, |value, &byte| (value << 8) | u64::from(byte));
        Ok(Value::Int(value.cast_signed()))
    }

    /// Follows the opcodes up to the end of the pickle.
    fn run(&mut self) -> Result<Value, String> {
        loop {
            let [opcode] = *self.take(1)? else { continue };
            match opcode {
                // Protocol number, frame length, MEMOIZE and PUT with an index.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                0x94 => self.memoize(self.memo.len())?,
                b'q' | b'r' => {
                    let index = self.unsigned(if opcode == b'q' { 1 } else { 4 })?;
                    self.memoize(index)?;
                }
                b'(' => self.marks.push(self.stack.len()),
                b'.' => return self.pop(),
                // BUILD: attributes, such as `_metadata` of a state dictionary.
                b'0' | b'b' => drop(self.pop()?),
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.extend(vec![key, value])?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.extend(vec![item])?;
                }
                b'u' | b'e' => {
                    let items = self.since_mark()?;
                    self.extend(items)?;
                }
                _ => {
                    let value = self.value(opcode)?;
                    self.stack.push(value);
                }
            }
        }
    }

    /// The value that an opcode leaves on the stack.
    fn value(&mut self, opcode: u8) -> Result<Value, String> {
        Ok(match opcode {
            b'N' | 0x88 | 0x89 => Value::Nothing,
            b'G' => self.take(8).map(|_| Value::Nothing)?,
            b'J' => Value::Int(i64::from((self.unsigned(4)? as u32).cast_signed())),
            b'K' => Value::Int(self.unsigned(1)? as i64),
            b'M' => Value::Int(self.unsigned(2)? as i64),
            0x8a | 0x8b => {
                let n = self.unsigned(if opcode == 0x8a { 1 } else { 4 })?;
                self.long(n)?
            }
            // Unicode, and the strings of Python 2.
            b'X' | b'T' | b'U' | 0x8c | 0x8d => {
                let n = self.unsigned(match opcode {
                    b'X' | b'T' => 4,
                    0x8d => 8,
                    _ => 1,
                })?;
                self.text(n)?
            }
            b'B' | b'C' => {
                let n = self.unsigned(if opcode == b'B' { 4 } else { 1 })?;
                self.take(n).map(|_| Value::Nothing)?
            }
            b'}' => self.made.add_dict(Vec::new()),
            b']' | b')' => self.made.add_items(Vec::new()),
            b't' => {
                let items = self.since_mark()?;
                self.made.add_items(items)
            }
            0x85..=0x87 => {
                let mut items = (0x85..=opcode).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
                items.reverse();
                self.made.add_items(items)
            }
            b'h' | b'j' => {
                let index = self.unsigned(if opcode == b'h' { 1 } else { 4 })?;
                self.recall(index)?
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                Value::Global(global(module, name)?)
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => Value::Global(global(&module, &name)?),
                _ => return Err("the pickle names a global without a text".to_owned()),
            },
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.made.call(&callable, &arguments)?
            }
            b'Q' => {
                let id = self.pop()?;
                self.made.persistent(&id)?
            }
            other => return Err(format!("the pickle has the opcode {other:#04x}, which no state dictionary uses")),
        })
    }

    /// Puts items into the container on top: pairs into a dictionary.
    fn extend(&mut self, items: Vec<Value>) -> Result<(), String> {
        let no_container = "the pickle adds to something that is no container";
        match self.stack.last() {
            Some(Value::Dict(index)) => {
                let dict = self.made.dicts.get_mut(*index).ok_or(no_container)?;
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    dict.push((key, value));
                }
            }
            Some(Value::Items(index)) => self.made.items.get_mut(*index).ok_or(no_container)?.extend(items),
            _ => return Err(no_container.to_owned()),
        }
        Ok(())
    }
}
