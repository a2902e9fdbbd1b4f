//! Repairs. Of data: [`data`] says what becomes of arrays and files, and makes the new ones. Of the user's own source:
//! which edits are worth asking for, what came back, what they change, whether running the edited program shows that they
//! are right, and the files themselves. [`replace`] puts new files in the place of old ones.
//!
//! The edits are worked out beside the program, where Python can be parsed ([`source`] asks and takes the answer). Nothing
//! of an answer is believed: its edits must make its text, and its text is only written where [`verify`] and the user agree.

pub mod data;
pub mod diff;
pub mod replace;
pub mod source;
pub mod verify;
pub mod write;
