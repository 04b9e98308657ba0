//! The server of the examples as a process of its own, over HTTP.

mod callers;
mod clients;
mod crashes;
mod described;
mod disk;
mod http;
mod leases;
mod outside;
mod overload;
mod process;
mod random;
mod rows;
mod schema;
mod stopping;
mod stub;
mod table;
mod token;
