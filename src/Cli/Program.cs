using System.CommandLine;
using Halo.Cli.Bench;
using Halo.Cli.Bench.Kernels;
using Halo.Cli.Calibrate;
using Halo.Cli.Chat;
using Halo.Cli.Cluster;
using Halo.Cli.Eval;
using Halo.Cli.Generate;
using Halo.Cli.Hosting;
using Halo.Cli.Inspect;
using Halo.Cli.Lab;
using Halo.Cli.Lab.Loss;
using Halo.Cli.Lab.Schemes;
using Halo.Cli.Plans;

namespace Halo.Cli;

/// <summary>The program <c>halo</c>: its verbs.</summary>
internal static class Program
{
    internal static RootCommand CreateRoot() => new("One LLaMA model on many small boards.")
    {
        GenerateCommand.Create(),
        ChatCommand.Create(),
        InspectCommand.Create(),
        CalibrateCommand.Create(),
        PlanCommand.Create(),
        KeyCommand.Create(),
        BoardsCommand.Create(),
        new Command("eval", "Measure a model's quality.")
        {
            PerplexityCommand.Create(),
            ChoicesCommand.Create(),
        },
        new Command("bench", "Measure speed.")
        {
            KernelsCommand.Create(),
            DecodeCommand.Create(),
            PrefillCommand.Create(),
            LoadCommand.Create(),
            TransportCommand.Create(),
            StreamCommand.Create(),
            AttentionCommand.Create(),
        },
        new Command("lab", "Make what experiments need.")
        {
            PadCommand.Create(),
            RandomCommand.Create(),
            NetCommand.Create(),
            LossCommand.Create(),
            SchemesCommand.Create(),
            HeadCommand.Create(),
        },
    };

    private static Task<int> Main(string[] args) => CommandHost.RunAsync(CreateRoot(), args, Console.Out, Console.Error);
}
