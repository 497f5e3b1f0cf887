//! What is asked in Athena, and its answer.

use std::time::Duration;

/// One row: a text or null for each column.
pub type Cells = Vec<Option<String>>;

/// What is asked, and how.
#[derive(Debug, Clone)]
pub struct Question {
    /// The SQL text.
    pub sql: String,
    /// The workgroup; `None`: `primary`.
    pub workgroup: Option<String>,
    /// Where Athena keeps the result, `s3://…`; `None`: where the workgroup says.
    pub output: Option<String>,
    /// 32 to 128 characters of the run's own: a start that is sent twice starts one query.
    pub request_token: String,
    /// The query is stopped after so long.
    pub patience: Duration,
}

/// The whole result of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Names of the columns, as the first row of the first page has them.
    pub columns: Vec<String>,
    /// The rows after it.
    pub rows: Vec<Cells>,
    /// What the query read and is billed by; `None`: Athena did not say.
    pub bytes_scanned: Option<u64>,
}
