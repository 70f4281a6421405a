namespace Halo.EndToEnd.Tests;

/// <summary>The <c>halo</c> command as a process: what a shell pipeline sees.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Generate_Greedy_WritesTheTextAloneToStandardOutput()
    {
        await using BuiltProgram halo = BuiltProgram.Start(
            "Halo.Cli", "halo", "generate", "--boards", "3", "--temperature", "0", "--max-tokens", "20", "Once upon a time");
        Assert.Equal(0, await halo.ExitAsync());
        Assert.Equal(", there was a little girl named Lily. She", halo.Output[..41]);
        Assert.DoesNotContain("Once upon", halo.Output, StringComparison.Ordinal);
        Assert.Contains("b3", halo.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_NoSuchModel_SaysSoInOneLine()
    {
        await using BuiltProgram halo = BuiltProgram.Start("Halo.Cli", "halo", "generate", "--model", "/nowhere/none.gguf", "Hello");
        Assert.NotEqual(0, await halo.ExitAsync());
        Assert.Contains("/nowhere/none.gguf", halo.Errors, StringComparison.Ordinal);
        Assert.Empty(halo.Output);
        Assert.DoesNotContain("   at ", halo.Errors, StringComparison.Ordinal);
    }
}
