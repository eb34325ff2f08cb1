-- Whether the session's transactions may write: off is read-write.
SHOW transaction_read_only
