//! Arrow files, which `save_to_disk` writes and `datasets` keeps in its cache: streams of record batches, or the same with an index
//! behind ("Feather").
//!
//! <https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc>

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Schema};

use super::arrow_rows::{ArrowFile, HUGGINGFACE, label_names, names};
use super::error::DataError;
use super::raw::{RowSink, WantedColumns, open};

/// What a file with an index begins with.
const MAGIC: &[u8] = b"ARROW1";

/// The columns, in the file's order.
pub(super) fn columns(file: &Path) -> Result<Vec<String>, DataError> {
    Ok(names(&batches(as_arrow(file))?.0))
}

/// Reads the wanted columns, row by row. Returns the label names that the file declares.
pub(super) fn read(
    file: &Path,
    wanted: &WantedColumns,
    sink: &mut RowSink<'_>,
) -> Result<Option<Vec<String>>, DataError> {
    let file = as_arrow(file);
    let (schema, batches) = batches(file)?;
    file.check_columns(&schema, wanted)?;
    let declared = wanted.label.as_ref().and_then(|column| label_names(schema.metadata().get(HUGGINGFACE), column));
    file.read_batches(batches, 0, wanted, sink)?;
    Ok(declared)
}

fn as_arrow(path: &Path) -> ArrowFile<'_> {
    ArrowFile { path, format: "arrow" }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

fn batches(file: ArrowFile<'_>) -> Result<(Arc<Schema>, Batches), DataError> {
    let bad = |error: ArrowError| file.bad(&error);
    let read = |source| DataError::Read { file: file.path.to_owned(), source };
    let mut content: BufReader<File> = BufReader::new(open(file.path)?);
    let mut first = Vec::new();
    content.by_ref().take(MAGIC.len() as u64).read_to_end(&mut first).map_err(read)?;
    content.rewind().map_err(read)?;
    if first == MAGIC {
        let reader = FileReader::try_new(content, None).map_err(bad)?;
        return Ok((reader.schema(), Box::new(reader)));
    }
    let reader = StreamReader::try_new(content, None).map_err(bad)?;
    Ok((reader.schema(), Box::new(reader)))
}
