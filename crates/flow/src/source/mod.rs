//! A definition's text as a tree in which every node knows its line and column.

mod node;
mod read;

pub(crate) use node::{Kind, Member, Node};
pub(crate) use read::read;
