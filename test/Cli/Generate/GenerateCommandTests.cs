using System.Diagnostics;
using System.Globalization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Tests.Generate;

public sealed class GenerateCommandTests
{
    [SharedTheory(CommandLine.Story, CommandLine.StoryReference)]
    [InlineData("1", "in-process")]
    [InlineData("4", "in-process")]
    [InlineData("3", "grain-call")]
    [InlineData("3", "datagram")]
    public async Task Generate_Greedy_PrintsReferenceTextAlone(string boards, string transport)
    {
        CommandResult result = await CommandLine.RunAsync(
            "generate", "--model", TestPaths.Shared(CommandLine.Story), "--temperature", "0", "--boards", boards, "--transport", transport, ReferenceText.Prompt);
        Assert.Equal(ReferenceText.Of("stories260K-F32.gguf") + Environment.NewLine, result.AssertSuccess());
        Assert.Contains("200 tokens after a prompt of 5, ended by length", result.Error, StringComparison.Ordinal);
        for (int board = 1; board <= int.Parse(boards, CultureInfo.InvariantCulture); board++)
        {
            Assert.Contains($"b{board} ", result.Error, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("seed", result.Error, StringComparison.Ordinal); // Nothing is drawn.
    }

    [SharedFact(CommandLine.Story, CommandLine.StoryReference)]
    public async Task Generate_AsProcessWithPromptOnStdin_PrintsReferenceTextAlone()
    {
        using Process process = CommandLine.Start("generate", "--model", TestPaths.Shared(CommandLine.Story), "--temperature", "0", "-");
        CommandResult result = await CommandLine.EndAsync(process, ReferenceText.Prompt + "\n");
        Assert.Equal(ReferenceText.Of("stories260K-F32.gguf") + "\n", result.AssertSuccess());
        Assert.DoesNotContain('\u001b', result.Error); // No colours and no progress outside a terminal.
    }

    [Fact]
    public async Task Generate_BundledModelAndSameSeed_GivesSameText()
    {
        string[] args = ["generate", "--max-tokens", "30", "--seed", "7", "--boards", "2", "One day"];
        string first = (await CommandLine.RunAsync(args)).AssertSuccess();
        Assert.Equal(first, (await CommandLine.RunAsync(args)).AssertSuccess());
        args[4] = "8";
        Assert.NotEqual(first, (await CommandLine.RunAsync(args)).AssertSuccess());
    }

    [Fact]
    public async Task Generate_NoSeed_ShowsOneThatRepeatsTheText()
    {
        CommandResult first = await CommandLine.RunAsync("generate", "--max-tokens", "20", "--boards", "1", "@home"); // '@' names no file
        string seed = first.Error.Split("seed ")[1].Split('\n')[0].Trim();
        CommandResult again = await CommandLine.RunAsync("generate", "--max-tokens", "20", "--boards", "1", "--seed", seed, "@home");
        Assert.Equal(first.AssertSuccess(), again.AssertSuccess());
    }

    [SharedFact(CommandLine.Story)]
    public async Task Generate_StopText_EndsBeforeIt()
    {
        CommandResult result = await CommandLine.RunAsync(
            "generate", "--model", TestPaths.Shared(CommandLine.Story), "--temperature", "0", "--stop", "xyz", "--stop", " Lily", ReferenceText.Prompt);
        Assert.Equal(", there was a little girl named" + Environment.NewLine, result.AssertSuccess());
        Assert.Contains("ended by stop", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_Speculate_GivesTheSameTextInFewerSteps()
    {
        string prompt = string.Concat(Enumerable.Repeat("The cat sat on the mat and saw a bird. ", 8));
        string[] args = ["generate", "--temperature", "0", "--max-tokens", "60", "--boards", "2", prompt, "--speculate"];
        CommandResult plain = await CommandLine.RunAsync([.. args, "off"]);
        CommandResult guessed = await CommandLine.RunAsync([.. args, "8"]);
        Assert.Equal(plain.AssertSuccess(), guessed.AssertSuccess());
        Assert.DoesNotContain("guesses", plain.Error, StringComparison.Ordinal);
        Assert.Matches(@" tokens a step: [1-9]\d* of [1-9]\d* guesses right", guessed.Error);
        Assert.True(Steps(guessed) * 5 < Steps(plain) * 4, $"{Steps(guessed)} steps with guesses, {Steps(plain)} without.");

        static int Steps(CommandResult result) =>
            int.Parse(result.Error.Split(" steps")[0].Split(' ')[^1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Generate_Speeds_GivesFasterBoardsMoreGroups()
    {
        CommandResult result = await CommandLine.RunAsync("generate", "--max-tokens", "2", "--speed", "1,2,4", "Hi");
        result.AssertSuccess();
        int[] groups = [.. result.Error.Split('\n').Where(line => line.StartsWith('b') && char.IsDigit(line[1]))
            .Select(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture))];
        Assert.Equal(3, groups.Length);
        Assert.True(groups[0] < groups[1] && groups[1] < groups[2], string.Join(",", groups));
    }

    [Theory]
    [InlineData("--temperature", "NaN", "Temperature is NaN")]
    [InlineData("--temperature", "-1", "Temperature is -1")]
    [InlineData("--temperature", "hot", "--temperature is 'hot'")]
    [InlineData("--top-k", "-1", "TopK is -1")]
    [InlineData("--top-p", "0", "TopP is 0")]
    [InlineData("--min-p", "2", "MinP is 2")]
    [InlineData("--repetition-penalty", "0", "RepetitionPenalty is 0")]
    [InlineData("--max-tokens", "0", "--max-tokens is '0'")]
    [InlineData("--max-tokens", "1.5", "--max-tokens is '1.5'")]
    [InlineData("--seed", "-3", "--seed is '-3'")]
    [InlineData("--boards", "0", "--boards is '0'")]
    [InlineData("--boards", "65", "from 1 to 64")]
    [InlineData("--threads", "0", "--threads is '0'")]
    [InlineData("--threads", "100000", "cores this process may use")]
    [InlineData("--transport", "pigeon", "one of in-process|grain-call")]
    [InlineData("--speed", "1,0", "--speed is '1,0'")]
    [InlineData("--speed", "1,NaN", "--speed is '1,NaN'")]
    [InlineData("--memory-limit", "lots", "--memory-limit is 'lots'")]
    [InlineData("--memory-limit", "-5", "such as 500M")]
    [InlineData("--stop", "", "--stop is empty")]
    [InlineData("--speculate", "0", "--speculate is '0'; it must be off, auto or a whole number from 1 to 64")]
    [InlineData("--model", "no-such.gguf", "There is no file 'no-such.gguf'")]
    public async Task Generate_WrongValue_SaysWhichAndWhatIsNeeded(string option, string value, string said) =>
        (await CommandLine.RunAsync("generate", option, value, "Hi")).AssertFault(said);

    [Fact]
    public async Task Generate_SpeedsThatDoNotMatchBoards_SaysHowMany() =>
        (await CommandLine.RunAsync("generate", "--boards", "3", "--speed", "1,2", "Hi")).AssertFault("Speeds is 1,2", "3 numbers above 0");

    [Fact]
    public async Task Generate_TooLittleMemory_GivesNumbers() =>
        (await CommandLine.RunAsync("generate", "--memory-limit", "1M", "Hi")).AssertFault("halo-tales does not fit", "b1 1.0 MB", "Short by", "raise a memory limit");

    [Fact]
    public async Task Generate_PromptLongerThanContext_GivesNumbers() =>
        (await CommandLine.RunAsync("generate", string.Concat(Enumerable.Repeat("hello ", 600)))).AssertFault("The prompt has", "context is 512 tokens");

    [Fact]
    public async Task Generate_NotAGguf_SaysSo()
    {
        using TemporaryFolder folder = new();
        (await CommandLine.RunAsync("generate", "--model", folder.Write("a.gguf", "This is a text and no model."), "Hi")).AssertFault("a.gguf", "is not a GGUF file");
        (await CommandLine.RunAsync("generate", "--model", folder.Write("b.gguf", ""), "Hi")).AssertFault("b.gguf", "is empty");
        (await CommandLine.RunAsync("generate", "--model", folder.Path, "Hi")).AssertFault("is a directory");
    }

    [SharedFact("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf")]
    public async Task Generate_VocabularyOnly_SaysSo() =>
        (await CommandLine.RunAsync("generate", "--model", TestPaths.Shared("models/tokenizers/llama.cpp-vocab/ggml-vocab-llama-spm.gguf"), "Hi"))
        .AssertFault("holds a vocabulary but no weights");

    [Fact]
    public async Task Generate_TypeThatCannotBeComputed_SaysWhich()
    {
        using TemporaryFolder folder = new();
        string path = UncomputableModel.Write(folder);
        (await CommandLine.RunAsync("generate", "--model", path, "Hi")).AssertFault("token_embd.weight", "Q8_K", "cannot be computed");
    }

    [Fact]
    public async Task Generate_Cancelled_EndsWithItsExitCode()
    {
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        CommandResult result = await CommandLine.RunAsync(["generate", "Hi"], cancellation.Token);
        Assert.Equal(CommandHost.Cancelled, result.ExitCode);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task Generate_Interrupted_EndsWithinAStepAndKeepsWhatWasPrinted()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // There is no SIGINT to send to one process.
        }

        using Process process = CommandLine.Start("generate", "--max-tokens", "500", "--threads", "1", "--transport", "grain-call", "--seed", "1", "One day");
        char[] first = new char[1];
        Assert.Equal(1, await process.StandardOutput.ReadAsync(first)); // It has begun to print.
        using Process signal = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        CommandResult result = await CommandLine.EndAsync(process);
        Assert.Equal(CommandHost.Cancelled, result.ExitCode);
        Assert.EndsWith("\n", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("TTFT", result.Error, StringComparison.Ordinal);
    }
}
