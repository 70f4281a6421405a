using Halo.Cli.Calibrate;
using Halo.Cli.Hosting;

namespace Halo.Cli.Tests.Calibrate;

/// <summary>A calibration that is broken off goes on where it was, to the same file.</summary>
public sealed class ResumeTests : IDisposable
{
    private static readonly Lazy<byte[]> s_whole = new(() =>
    {
        using ResumeTests uninterrupted = new();
        return Run(uninterrupted.Setting("whole.halo"));
    });

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SharedTheory(CommandLine.Story)]
    [InlineData(0.3, 2)]
    [InlineData(0.599, 4)]
    [InlineData(0.8, 4)]
    public void Run_CancelledAndRunAgain_GivesTheFileOfAnUninterruptedOne(double cancelledAt, int least)
    {
        CalibrateSetting setting = Setting("broken.halo");
        Assert.Throws<OperationCanceledException>(() => Run(setting, cancelledAt));
        Assert.Equal(["broken.halo.partial", "text.txt"], Files());

        (byte[] resumed, int done) = (Run(setting, out int sequences), sequences);
        Assert.True(done >= least, $"{done} sequences were kept.");
        Assert.Equal(s_whole.Value, resumed);
        Assert.Equal(["broken.halo", "text.txt"], Files());
    }

    [SharedFact(CommandLine.Story)]
    public void Run_WithTheStateOfOtherSettings_BeginsAnew()
    {
        CalibrateSetting setting = Setting("broken.halo");
        Assert.Throws<OperationCanceledException>(() => Run(setting, 0.3));
        byte[] other = Run(setting with { Seed = 9 }, out int resumed);
        Assert.Equal(0, resumed);
        Assert.Equal(Run(Setting("whole.halo") with { Seed = 9 }), other);
    }

    [SharedFact(CommandLine.Story)]
    public void Run_WithADamagedState_SaysWhatToDo()
    {
        CalibrateSetting setting = Setting("broken.halo");
        Assert.Throws<OperationCanceledException>(() => Run(setting, 0.3));
        string path = _folder.File("broken.halo.partial");
        byte[] state = File.ReadAllBytes(path);
        File.WriteAllBytes(path, state[..(state.Length / 2)]);
        Assert.Contains("delete it", Assert.Throws<CommandFault>(() => Run(setting)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, [1, 2, 3]);
        Run(setting, out int resumed);
        Assert.Equal(0, resumed);
    }

    private CalibrateSetting Setting(string output) => new(
        _folder.Write("text.txt", MadeText.Stories(20, seed: 1)), _folder.File(output), 200, 0.1, null, 24, Seed: 1, Rank: null, SurrogateRank: 2, Threads: 1);

    private static byte[] Run(CalibrateSetting setting, double cancelledAt = 2) => Run(setting, out _, cancelledAt);

    private static byte[] Run(CalibrateSetting setting, out int resumed, double cancelledAt = 2)
    {
        using CancellationTokenSource cancellation = new();
        using CalibrationModel model = new(TestPaths.Shared(CommandLine.Story), setting.Threads);
        CalibrationText text = CalibrationText.Read(setting, model.Tokenizer, model.Config.ContextLength);
        CalibrationRun run = new(model, setting, text);
        resumed = run.Run(new CancelAt(cancelledAt, cancellation), cancellation.Token).Resumed;
        return File.ReadAllBytes(setting.Output);
    }

    private string[] Files() =>
        [.. Directory.GetFiles(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private sealed class CancelAt(double share, CancellationTokenSource cancellation) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value >= share)
            {
                cancellation.Cancel();
            }
        }
    }
}
