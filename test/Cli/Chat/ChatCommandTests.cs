using System.Diagnostics;
using System.Globalization;
using Halo.Cli.Hosting;

namespace Halo.Cli.Tests.Chat;

public sealed class ChatCommandTests
{
    private static readonly string[] s_plain = ["chat", "--template", "plain", "--temperature", "0", "--max-tokens", "12", "--boards", "2"];

    [Fact]
    public async Task Chat_PipedLines_AnswersEachAndObeysCommands()
    {
        using Process process = CommandLine.Start(s_plain);
        CommandResult result = await CommandLine.EndAsync(process, "Once upon a time\n\nOnce upon a time\n/reset\nOnce upon a time\n/what\n/system Be kind.\n/exit\nnot read\n");

        string[] answers = result.AssertSuccess().TrimEnd('\n').Split('\n');
        Assert.Equal(3, answers.Length);
        Assert.Equal(answers[0], answers[2]); // after /reset as at the beginning
        Assert.All(answers, Assert.NotEmpty);
        Assert.Contains("3 answers", result.Error, StringComparison.Ordinal);
        Assert.Contains("There is no command /what", result.Error, StringComparison.Ordinal);
        Assert.Contains("The model is told that", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("> ", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_MessageTooLong_SaysSoAndGoesOn()
    {
        using Process process = CommandLine.Start([.. s_plain, "--context", "60", "--system", "Be kind."]);
        CommandResult result = await CommandLine.EndAsync(process, new string('x', 300) + "\nHello\n");

        Assert.Single(result.AssertSuccess().TrimEnd('\n').Split('\n'));
        Assert.Contains("the context is 60", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_Interrupted_EndsTheAnswerAndGoesOn()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // There is no SIGINT to send to one process.
        }

        using Process process = CommandLine.Start("chat", "--template", "plain", "--max-tokens", "300", "--threads", "1", "--transport", "grain-call", "--seed", "1");
        await process.StandardInput.WriteLineAsync("One day");
        await process.StandardInput.FlushAsync();
        char[] first = new char[1];
        Assert.Equal(1, await process.StandardOutput.ReadAsync(first)); // It has begun to answer.
        using Process signal = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        CommandResult result = await CommandLine.EndAsync(process, "And then\n/exit\n");

        result.AssertSuccess();
        Assert.Contains("2 answers", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ModelWithoutTemplate_SaysSoAndOffersForms() =>
        (await CommandLine.RunAsync("chat")).AssertFault("halo-tales has no chat template", "--template chatml|llama2|llama3|zephyr|plain", "halo generate");

    [Fact]
    public async Task Chat_TemplateThatThereIsNot_NamesIt() =>
        (await CommandLine.RunAsync("chat", "--template", "chatlm")).AssertFault("--template is 'chatlm'", "chatml");

    [Fact]
    public async Task Chat_TemplateFile_IsUsedOrRefusedInWords()
    {
        using TemporaryFolder folder = new();
        (await CommandLine.RunAsync("chat", "--template", folder.Write("bad.jinja", "a\n{% if %}"))).AssertFault("bad.jinja", "line 2");
        (await CommandLine.RunAsync("chat", "--system", "S", "--template", folder.Write("strict.jinja", "{% if messages[0].role == 'system' %}{{ raise_exception('No system message, please') }}{% endif %}")))
            .AssertFault("refuses the conversation: No system message, please");
    }

    [Theory]
    [InlineData("--context", "3", "--context is '3'")]
    [InlineData("--max-tokens", "0", "--max-tokens is '0'")]
    [InlineData("--temperature", "-1", "Temperature is -1")]
    [InlineData("--model", "no-such.gguf", "There is no file 'no-such.gguf'")]
    public async Task Chat_WrongValue_SaysWhichAndWhatIsNeeded(string option, string value, string said) =>
        (await CommandLine.RunAsync("chat", "--template", "plain", option, value)).AssertFault(said);

    [Fact]
    public async Task Chat_Cancelled_EndsWithItsExitCode()
    {
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        Assert.Equal(CommandHost.Cancelled, (await CommandLine.RunAsync(["chat", "--template", "plain"], cancellation.Token)).ExitCode);
    }
}
