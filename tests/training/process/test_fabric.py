import subprocess
import sys


def test_a_run_starts_without_packages_that_take_longer_to_import_than_torch() -> None:
    script = (
        "import sys; import training.run\n"
        "assert 'lightning_fabric' in sys.modules\n"
        "assert not {'torchmetrics', 'torchvision', 'timm', 'transformers', 'wandb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
