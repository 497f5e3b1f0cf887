//! The command line; everything is in the library.

fn main() -> std::process::ExitCode {
    org_exit_guard::cli::main()
}
