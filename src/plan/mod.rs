//! Changes, health, ledger and policy → steps to take now and held changes.
