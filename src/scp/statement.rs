//! Points of a statement that AWS's pages leave open.

/// Why a statement's meaning is not certain although AWS may store it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// `*:*` or the like: a wildcard where the service name belongs.
    WildcardService(String),
    /// White space inside an action.
    BlankInAction(String),
    /// A condition operator in other than its documented spelling.
    OperatorSpelling(String),
    /// A condition operator with no key, or a key with no value.
    EmptyCondition(String),
    /// A resource that is neither `*` nor a whole ARN.
    IncompleteArn(String),
    /// A wildcard inside the part of an ARN that names the resource type: not allowed, says
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>, but not what
    /// becomes of it.
    WildcardInResourceType(String),
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WildcardService(text) => {
                write!(
                    f,
                    "a wildcard in the service prefix of `{text}` is not documented"
                )
            }
            Self::BlankInAction(text) => write!(f, "white space inside `{text}` is not documented"),
            Self::OperatorSpelling(text) => {
                write!(f, "`{text}` is not the documented spelling of the operator")
            }
            Self::EmptyCondition(text) => write!(f, "`{text}` compares with nothing"),
            Self::IncompleteArn(text) => write!(f, "`{text}` is not a whole ARN"),
            Self::WildcardInResourceType(text) => write!(
                f,
                "AWS allows no wildcard in the resource type of `{text}` and does not say what it comes to"
            ),
        }
    }
}
