//! Tables.

use comfy_table::{CellAlignment, Table, presets};

/// Prints a table under a title; numbers stand to the right.
pub(crate) fn print(title: &str, columns: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(columns);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("\n{title}\n{table}");
}
