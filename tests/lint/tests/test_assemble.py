"""The template that is deployed has what its parts have, and every path still refers to the file that the part means."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "infra"), str(ROOT / "tests/lint")]

import assemble
import template

CORE = """
Parameters: {Name: {Type: String}}
Resources:
  Catalog: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${Name}-catalog"}}
Outputs: {Table: {Value: !Ref Catalog}}
"""
PART = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ../../target/code/, Description: "on", Role: !GetAtt Catalog.Arn}
Outputs: {Function: {Value: !Ref Function}}
"""
SCRIPT = """# ${Not.A.Reference}: 'quoted' and "quoted"
while True:
    print("{{}}\\n")
"""


def assembled(core=CORE, part=PART, archives=None, clients=None):
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "infra"
        (folder / "kinds").mkdir(parents=True)
        (folder / "template.yaml").write_text(core)
        (folder / "other.yaml").write_text("Resources: {Other: {Type: AWS::SNS::Topic}}")
        (folder / "kinds/one.yaml").write_text(part)
        (folder / "kinds/one.py").write_text(SCRIPT)
        given = (path and Path(made) / path for path in (archives, clients))
        return template.parsed(assemble.assemble(folder / "template.yaml", Path(made) / "target/stack/t.yaml", *given))


class Assembled(unittest.TestCase):
    def test_resources_and_outputs_of_the_parts_stand_beside_the_templates(self):
        made = assembled()
        self.assertEqual(list(made["Resources"]), ["Catalog", "Function"])
        self.assertEqual(list(made["Outputs"]), ["Table", "Function"])
        self.assertEqual(made["Resources"]["Catalog"]["Properties"]["TableName"], template.Call("Sub", "${Name}-catalog"))
        self.assertEqual(made["Resources"]["Function"]["Properties"]["Role"], template.Call("GetAtt", "Catalog.Arn"))

    def test_a_text_that_could_be_read_as_something_else_stays_a_text(self):
        self.assertEqual(assembled()["Resources"]["Function"]["Properties"]["Description"], "on")

    def test_the_same_template_as_json_has_the_same_in_its_long_form(self):
        text = """
            AWSTemplateFormatVersion: 2010-09-09
            Conditions: {Other: !Not [!Equals [!Ref Name, ""]]}
            Resources:
              Function:
                Type: AWS::Serverless::Function
                Condition: Other
                Properties: {Description: "on", Timeout: 10, Text: "two\\nlines"}
              Role: !If [Other, !GetAtt Function.Arn.Whole, !Sub ["${A}", {A: !Condition Other}]]
        """
        self.assertEqual(
            json.loads(assemble.as_json(text)),
            {
                "AWSTemplateFormatVersion": "2010-09-09",
                "Conditions": {"Other": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Name"}, ""]}]}},
                "Resources": {
                    "Function": {
                        "Type": "AWS::Serverless::Function",
                        "Condition": "Other",
                        "Properties": {"Description": "on", "Timeout": 10, "Text": "two\nlines"},
                    },
                    "Role": {
                        "Fn::If": [
                            "Other",
                            {"Fn::GetAtt": ["Function", "Arn.Whole"]},
                            {"Fn::Sub": ["${A}", {"A": {"Condition": "Other"}}]},
                        ]
                    },
                },
            },
        )

    def test_a_path_leads_to_the_same_place_from_where_the_template_is_written(self):
        code = lambda **given: assembled(**given)["Resources"]["Function"]["Properties"]["CodeUri"]
        self.assertEqual(code(), "../code")
        self.assertEqual(code(archives="lab"), "../../lab/code.zip")

    def test_the_clients_are_those_of_the_architecture_that_is_deployed(self):
        part = PART.replace("CodeUri: ../../target/code/", "ContentUri: ../../target/x86_64/")
        content = lambda **given: assembled(part=part, **given)["Resources"]["Function"]["Properties"]["ContentUri"]
        self.assertEqual(content(), "../x86_64")
        self.assertEqual(content(archives="lab", clients="target/aarch64"), "../aarch64")

    def test_a_text_may_be_in_a_file_of_its_own(self):
        made = assembled(part=PART.replace('Description: "on"', "Command: [!File one.py]"))
        self.assertEqual(made["Resources"]["Function"]["Properties"]["Command"], [SCRIPT])

    def test_two_resources_of_one_name_are_refused(self):
        with self.assertRaisesRegex(assemble.Fault, r"one.yaml:3: Catalog is at .*/template.yaml:4, too"):
            assembled(part=PART.replace("Function:\n", "Catalog:\n"))
        with self.assertRaisesRegex(assemble.Fault, r"one.yaml:6: Table is at"):
            assembled(part=PART.replace("Outputs: {Function", "Outputs: {Table"))

    def test_a_part_with_parameters_of_its_own_is_refused(self):
        with self.assertRaisesRegex(assemble.Fault, "one.yaml:2: Parameters of a part"):
            assembled(part="\nParameters: {More: {Type: String}}\n")


class TheStack(unittest.TestCase):
    def test_it_is_the_sum_of_its_files(self):
        files = assemble.parts(ROOT / "infra/template.yaml")
        sections = [template.parsed(file.read_text(encoding="utf-8"))["Resources"] for file in files]
        made = template.parsed(assemble.assemble(files[0], ROOT / "target/stack.yaml"))
        self.assertEqual(len(made["Resources"]), sum(map(len, sections)))
        paths = [resource["Properties"].get(key) for resource in made["Resources"].values() for key in ("DefinitionUri", "TemplateURL")]
        for path in filter(None, paths):
            self.assertTrue((ROOT / "target" / path).exists(), path)


if __name__ == "__main__":
    unittest.main()
