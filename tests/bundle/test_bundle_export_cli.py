import subprocess
import sys

from click.testing import CliRunner

from keras_landslide.cli.export import command as export
from keras_landslide.errors import BundleError, OutputError


def test_export_of_no_run_is_one_clear_error(tmp_path):
    result = CliRunner().invoke(export, [str(tmp_path), "-o", str(tmp_path / "bundle")])
    assert isinstance(result.exception, BundleError)
    assert not (tmp_path / "bundle").exists()


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path):
    precious = tmp_path / "run" / "model.keras"
    precious.parent.mkdir()
    precious.write_text("weights")
    result = CliRunner().invoke(export, [str(tmp_path / "run"), "-o", str(tmp_path / "run")])
    assert isinstance(result.exception, OutputError)
    assert "holds no bundle" in str(result.exception)
    assert precious.read_text() == "weights"


def test_verbs_import_nothing_heavy():
    code = (
        "import sys, keras_landslide.cli.train, keras_landslide.cli.export, "
        "keras_landslide.cli.models\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'rasterio', 'osgeo'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
