using System.CommandLine;
using Halo.Boards.Control;
using Halo.Cli.Hosting;

namespace Halo.Cli.Cluster;

/// <summary><c>halo key</c>: makes the key that all boards of a cluster share.</summary>
internal static class KeyCommand
{
    internal static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "The file to write; one that is there already stays as it is." };
        Command command = new("key", "Make a key for boards in processes of their own.") { file };
        command.SetAction(parsed => Run(CommandConsole.Of(parsed), parsed.GetRequiredValue(file)));
        return command;
    }

    private static int Run(CommandConsole console, string file)
    {
        ClusterKey.WriteNew(file);
        console.Note($"{file} is the cluster's key: copy it to every board, keep it secret, and give it to halo-silo and the gateway as --key-file.");
        return CommandHost.Success;
    }
}
