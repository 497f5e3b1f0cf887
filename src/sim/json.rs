//! Building JSON objects member by member.

use serde_json::Value;

/// Sets a member of an object; on any other value it does nothing.
pub(crate) fn set(object: &mut Value, name: &str, member: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member.into());
    }
}
