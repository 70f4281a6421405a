using System.Diagnostics;
using System.Text;
using Halo.Cli.Hosting;

namespace Halo.Cli.Tests;

/// <summary>What a command line came to.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to stdout.</param>
/// <param name="Error">What it wrote to stderr.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Asserts a fault as users shall see one: exit code 1, said in words, nothing on stdout, no stack trace.</summary>
    internal void AssertFault(params string[] said)
    {
        Assert.Equal(CommandHost.Failure, ExitCode);
        Assert.Empty(Output);
        Assert.Contains(Error.Split('\n'), line => line.StartsWith("halo: ", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("unexpected", Error, StringComparison.Ordinal);
        Assert.All(said, text => Assert.Contains(text, Error, StringComparison.Ordinal));
    }

    /// <summary>Asserts success and gives stdout.</summary>
    internal string AssertSuccess()
    {
        Assert.True(ExitCode == CommandHost.Success, $"exit code {ExitCode}: {Error}");
        return Output;
    }
}

/// <summary>Runs the program: in this process, or as a process of its own where the real streams matter.</summary>
internal static class CommandLine
{
    internal const string Story = "models/stories260K/stories260K-F32.gguf";
    internal const string StoryReference = "models/stories260K/reference-greedy.json";
    internal const string ValidStories = "text/tinystories-valid-stories.txt";

    internal static async Task<CommandResult> RunAsync(params string[] args) => await RunAsync(args, CancellationToken.None);

    internal static async Task<CommandResult> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await CommandHost.RunAsync(Program.CreateRoot(), args, output, error, cancellationToken);
        return new CommandResult(code, output.ToString(), error.ToString());
    }

    internal static Process Start(params string[] args)
    {
        ProcessStartInfo start = new("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "halo.dll"));
        foreach (string arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        return Process.Start(start)!;
    }

    internal static async Task<CommandResult> EndAsync(Process process, string input = "")
    {
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(patience.Token);
        return new CommandResult(process.ExitCode, await output, await error);
    }
}
