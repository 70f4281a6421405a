using System.CommandLine;

namespace Halo.Cli.Hosting;

/// <summary>A command that talks with the user and so decides itself what Ctrl-C ends.</summary>
internal sealed class InteractiveCommand(string name, string description) : Command(name, description);
