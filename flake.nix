{
  description = "Puts hardware MFA on AWS accounts and keeps it working";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      manifest = (nixpkgs.lib.importTOML ./Cargo.toml).package;
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});

      glasskey = { lib, stdenv, rustPlatform, pkg-config, installShellFiles, pcsclite, udev }:
        rustPlatform.buildRustPackage {
          pname = manifest.name;
          inherit (manifest) version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          nativeBuildInputs = [ pkg-config installShellFiles ];
          # macOS has PC/SC and HID of its own.
          buildInputs = lib.optionals stdenv.hostPlatform.isLinux [ pcsclite udev ];
          # They need a pcscd, Python and Debian's packages: `make test`.
          doCheck = false;
          postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
            $out/bin/glasskey man > glasskey.1
            for command in $(sed -n 's/^COMMANDS = //p' Makefile); do
              $out/bin/glasskey man $command > glasskey-$command.1
            done
            installManPage glasskey*.1
            installShellCompletion --cmd glasskey \
              --bash <($out/bin/glasskey completions bash) \
              --zsh <($out/bin/glasskey completions zsh) \
              --fish <($out/bin/glasskey completions fish)
          '';
          meta = {
            inherit (manifest) description;
            homepage = manifest.repository;
            license = with lib.licenses; [ mit asl20 ];
            mainProgram = "glasskey";
          };
        };
    in
    {
      packages = forEach (pkgs: { default = pkgs.callPackage glasskey { }; });
    };
}
