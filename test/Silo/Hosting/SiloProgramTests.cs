using System.Diagnostics;
using Halo.Silo.Engines;
using Halo.Silo.Hosting;
using Halo.Silo.Tests.Clustering;

namespace Halo.Silo.Tests.Hosting;

/// <summary>What <c>halo-silo --cluster</c> says where it cannot start.</summary>
public sealed class SiloProgramTests
{
    [EmbeddedFact]
    public async Task Run_ClusterWithTheEmbeddedEngine_SaysWhatToDoAndExitsWithOne()
    {
        using TemporaryFolder folder = new();
        (int code, string errors) = await RunAsync("--key-file", folder.File("any.key"), "--cluster", folder.File("members.db"));
        Assert.Equal(1, code);
        Assert.StartsWith("halo-silo: --cluster needs silos in several processes.", errors, StringComparison.Ordinal);
        Assert.Contains("build it with -p:GrainEngine=Orleans, or leave --cluster out", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("members.db")));
    }

    [Fact]
    public async Task Run_ClusterWithAModelFileThatIsMissing_SaysSoAndExitsWithOne()
    {
        (int code, string errors) = await RunAsync("--key-file", "any.key", "--cluster", "members.db", "--model", "story=missing.gguf");
        Assert.Equal((1, "halo-silo: Model story is to be read from 'missing.gguf'; there is no such file."), (code, errors.Trim()));
    }

    [Fact]
    public async Task Run_ClusterOptionsWithFaults_TellsAllAndExitsWithOne()
    {
        (int code, string errors) = await RunAsync("--key-file", "any.key", "--cluster", "members.db", "--topology", "ring", "--wire", "f64");
        Assert.Equal(1, code);
        Assert.Contains("halo-silo: --topology is 'ring'", errors, StringComparison.Ordinal);
        Assert.Contains("halo-silo: --wire is 'f64'", errors, StringComparison.Ordinal);
        Assert.Contains("'halo-silo --help' lists what there is.", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Errors)> RunAsync(params string[] args)
    {
        ProcessStartInfo start = new("dotnet", [typeof(BoardCommand).Assembly.Location, .. args])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }
}

/// <summary>A test of what a program says that was built with the embedded grain engine.</summary>
internal sealed class EmbeddedFactAttribute : FactAttribute
{
    public EmbeddedFactAttribute() => Skip = GrainEngine.ClusterFault is null ? "This build has the Orleans engine, which serves clusters." : null;
}
