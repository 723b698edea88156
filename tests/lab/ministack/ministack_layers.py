"""Lets a function of MiniStack 1.5.33 that runs as a process see its layers: there is no /opt of its own, so `CLIENTS_ROOT` says where
its layer is unpacked. A function without a layer has no such setting, and looks into /opt."""

from ministack.services import lambda_svc


def apply():
    prepare = lambda_svc._provided_worker_env

    def provided_worker_env(config, code_dir, port):
        environment = prepare(config, code_dir, port)
        for layer in config.get("Layers") or []:
            content = lambda_svc._resolve_layer_zip(layer)
            if content:
                environment["CLIENTS_ROOT"] = lambda_svc._docker_extracted_dir(content, "layer")
        return environment

    lambda_svc._provided_worker_env = provided_worker_env
