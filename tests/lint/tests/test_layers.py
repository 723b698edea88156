"""The layers' lint finds every way to use a higher layer."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import layers

STEPS = {"notify", "end_run", "clean_up", "cut_over", "plan_backup"}


class Layers(unittest.TestCase):
    def setUp(self):
        layers.EXTERNAL.update({"aws_sdk_rds", "tokio", "jiff", "serde"})

    def faults(self, path, source):
        return list(layers.faults(Path(path), source, STEPS))

    def good(self, path, source):
        self.assertEqual(self.faults(path, source), [])

    def bad(self, path, source, said):
        found = self.faults(path, source)
        self.assertTrue(any(said in fault for fault in found), f"{said!r} is not in {found}")

    def test_arrows_down(self):
        self.good("steps/notify.rs", "use crate::kinds::Kind;\nuse crate::{catalog::Catalog, domain::set, error::Result};")
        self.good("kinds/aurora.rs", "use super::Kind;\nuse crate::domain::job::Run;")
        self.good("domain/set.rs", "use crate::error::Result;\nuse super::job::Failure;")
        self.good("catalog.rs", "mod tests { use super::*; }\nuse crate::aws::failure;")
        self.good("bin/notify.rs", "use holdfast::{runtime, steps::notify};")

    def test_arrows_up(self):
        self.bad("domain/set.rs", "use crate::kinds::Kind;", "domain uses kinds")
        self.bad("kinds/efs.rs", "use crate::catalog::Catalog;", "kinds uses catalog")
        self.bad("hooks/lambda.rs", "use crate::{error::Result, runtime};", "hooks uses runtime")
        self.bad("catalog/sets.rs", "fn f() { crate::steps::notify::handle() }", "catalog uses steps")
        self.bad("error.rs", "use crate::domain::job;", "error uses domain")
        self.bad("runtime.rs", "use crate::{catalog::Catalog, steps::{end_run, notify}};", "runtime uses steps")

    def test_tests_may_share_what_they_need(self):
        self.good("catalog/tests.rs", "use crate::steps::testing::{self, run};")
        self.bad("catalog/tests.rs", "use crate::steps::{testing::run, notify};", "catalog uses steps")

    def test_up_by_way_of_super(self):
        self.bad("catalog.rs", "use super::steps::notify;", "catalog uses steps")
        self.bad("kinds/mod.rs", "use super::catalog::Catalog;", "kinds uses catalog")

    def test_a_step_that_calls_a_step(self):
        self.bad("steps/clean_up.rs", "use crate::steps::notify::handle;", "clean_up uses notify")
        self.bad("steps/clean_up.rs", "use super::end_run;", "clean_up uses end_run")
        self.bad("steps/clean_up.rs", "use super::{resuming, notify::handle};", "clean_up uses notify")
        self.bad("steps/clean_up.rs", "use crate::{error::Result, steps::{resuming, notify}};", "clean_up uses notify")
        self.good("steps/clean_up.rs", "use super::resuming::resume;\nuse crate::steps::machine::run_of;")

    def test_a_step_in_a_folder_that_calls_a_step(self):
        self.bad("steps/restore/cut_over.rs", "use crate::steps::backup::plan_backup::handle;", "cut_over uses plan_backup")
        self.bad("steps/restore/cut_over.rs", "use super::super::{error::Result, backup::plan_backup};", "cut_over uses plan_backup")
        self.bad("steps/restore/cut_over/logins.rs", "use super::super::super::notify::handle;", "cut_over uses notify")
        self.good("steps/restore/cut_over/logins.rs", "use super::Input;\nuse crate::steps::restore::cut_over::notify::f;")

    def test_an_impure_domain(self):
        self.bad("domain/set.rs", "use aws_sdk_rds::Client;", "uses aws_sdk_rds")
        self.bad("domain/set.rs", "fn f() { tokio::spawn(g) }", "uses tokio")
        self.bad("domain/set.rs", "pub async fn f() {}", "is async")
        self.good("domain/set.rs", "use jiff::Timestamp;\nuse serde::Serialize;")

    def test_words_in_comments_and_strings_do_not_count(self):
        self.good("domain/set.rs", '// crate::kinds\n/// [`crate::steps`]\nconst A: &str = "crate::kinds // tokio::x";')

    def test_a_module_without_a_floor(self):
        self.bad("helpers.rs", "", "helpers has no layer")

    def test_the_cli_stands_beside_the_steps(self):
        self.assertEqual(list(layers.cli_faults("use holdfast::{domain::set, catalog::Catalog};")), [])
        self.assertEqual(len(list(layers.cli_faults("use holdfast::steps::notify;"))), 1)

    def test_crates_are_read_from_the_manifest(self):
        manifest = '[package]\nname = "x"\n[dependencies]\naws-sdk-rds.workspace = true\n[dev-dependencies]\ntokio = "1"\n'
        self.assertEqual(layers.externals(manifest), {"aws_sdk_rds", "tokio"})


if __name__ == "__main__":
    unittest.main()
