//! The flows that are run.

use throughline_engine::{Flow, FlowSet};

const HEAD: &str = "document: { dsl: 1.0.3, namespace: simulation, version: 1.0.0, name: NAME,
  metadata: { businessKey: '${ .[0].contract }' } }
schedule: { on: { one: { with: { type: NAME } } } }
use:
  retries:
    often:
      delay: PT2S
      backoff: { constant: {} }
      limit: { attempt: { count: 30 } }
      jitter: { from: PT0S, to: PT1S }
input: { from: '${ .[0] }' }
";

/// Three calls in a row, each tried until it succeeds.
const ROW: &str = "
do:
  - all:
      try:
        - one: { call: put, with: { contract: '${ .contract }', n: 1 } }
        - two: { call: put, with: { contract: '${ .contract }', n: 2 } }
        - three: { call: put, with: { contract: '${ .contract }', n: 3 } }
      catch: { retry: often }
";

/// Branches side by side, one of them with its own mercy.
const FORKED: &str = "
do:
  - sides:
      fork:
        branches:
          - left:
              try:
                - one: { call: put, with: { contract: '${ .contract }', side: left } }
                - two: { call: put, with: { contract: '${ .contract }', side: left } }
              catch: { retry: often }
          - right:
              try:
                - only: { call: put, with: { contract: '${ .contract }', side: right } }
              catch:
                do:
                  - shrug: { set: { contract: '${ $error.status }' } }
";

/// Waits for facts about its contract, which may have come before.
const SUPPLIED: &str = "
do:
  - first:
      try:
        - one: { call: put, with: { contract: '${ .contract }', n: 1 } }
      catch: { retry: often }
  - facts:
      listen:
        to:
          one:
            with: { type: facts }
            correlate:
              contract: { from: '${ .data.contract }', expect: '${ $workflow.input[0].contract }' }
      output: { as: '${ .[0] }' }
      metadata: { reason: facts are missing }
  - second:
      try:
        - two: { call: put, with: { contract: '${ .contract }', n: 2 } }
      catch: { retry: often }
";

/// Pauses between two calls, the second with a timeout.
const TIMED: &str = "
do:
  - one:
      try:
        - call: { call: put, with: { contract: '${ .contract }' } }
      catch: { retry: often }
  - pause: { wait: { seconds: 20 } }
  - two:
      try:
        - call: { call: put, with: { contract: '${ .contract }' }, timeout: { after: { minutes: 2 } } }
      catch: { retry: often }
";

/// Calls for each of some, and tells another flow.
const TELLING: &str = "
do:
  - each:
      for: { each: n, in: '${ [1, 2] }' }
      do:
        - attempt:
            try:
              - one: { call: put, with: { contract: '${ $workflow.input[0].contract }', n: '${ $n }' } }
            catch: { retry: often }
  - tell:
      emit:
        event:
          with:
            source: /flows/telling
            type: row
            subject: told
            data: { contract: '${ $workflow.input[0].contract }' }
";

/// An attempt within an attempt: what the inner one has done is done again by the outer one.
const NESTED: &str = "
do:
  - outer:
      try:
        - inner:
            try:
              - one: { call: put, with: { contract: '${ .contract }', n: 1 } }
            catch:
              retry: { delay: PT1S, backoff: { constant: {} }, limit: { attempt: { count: 1 } } }
        - two: { call: put, with: { contract: '${ .contract }', n: 2 } }
      catch: { retry: often }
";

/// Puts one after the other, side by side and in a loop, each of which can be taken back; then a verdict that takes half of them
/// back.
const UNDONE: &str = "
do:
  - one:
      try:
        - put:
            call: put
            with: { contract: '${ .contract }' }
            metadata: { compensate: { call: take, with: { contract: '${ .contract }' } } }
      catch: { retry: often }
  - sides:
      fork:
        branches:
          - left:
              try:
                - put:
                    call: put
                    with: { contract: '${ .contract }' }
                    metadata: { compensate: { call: take, with: { contract: '${ .contract }' } } }
              catch: { retry: often }
          - right:
              try:
                - put:
                    call: put
                    with: { contract: '${ .contract }' }
                    metadata: { compensate: { call: take, with: { contract: '${ .contract }' } } }
              catch: { retry: often }
      output: { as: '${ .[0] }' }
  - each:
      for: { each: k, in: '${ [1, 2] }' }
      do:
        - attempt:
            try:
              - put:
                  call: put
                  with: { contract: '${ .contract }' }
                  metadata: { compensate: { call: take, with: { contract: '${ .contract }' } } }
            catch: { retry: often }
  - verdict: { call: judge, with: { contract: '${ .contract }' } }
";

/// Event types that start a flow, which is named like the type.
pub(crate) const TYPES: [&str; 7] = ["row", "forked", "supplied", "timed", "telling", "nested", "undone"];

/// All flows.
pub(crate) fn all() -> FlowSet {
    let bodies = [ROW, FORKED, SUPPLIED, TIMED, TELLING, NESTED, UNDONE];
    let flows = TYPES.iter().zip(bodies).map(|(name, body)| {
        let source = format!("{}{body}", HEAD.replace("NAME", name));
        Flow::new(throughline_flow::parse(&source, name).unwrap_or_else(|all| panic!("{all:#?}\n{source}")))
    });
    FlowSet::new(flows.collect())
}
