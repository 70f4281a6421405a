using Halo.Inference.Gguf;
using Halo.Inference.Model;
using Halo.Planning.Importance;

namespace Halo.Boards.Tests;

public sealed class LoadedModelTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("halo-model-");

    [Fact]
    public void Open_ImportanceBesideTheModel_IsRead()
    {
        WriteImportance(groups: null);
        using LoadedModel model = Open();
        Assert.Equal(2 * model.Profile.LayerCount, model.Importance!.Stages.Count);
    }

    [Fact]
    public void Open_NothingBesideTheModel_HasNoImportance()
    {
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits());
        Assert.Null(model.Importance);
    }

    [Fact]
    public void Open_ImportanceOfAnotherShape_IsRefusedByName()
    {
        WriteImportance(groups: 3);
        Assert.Contains("tales.halo is not this model's importance", Assert.Throws<GgufFormatException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_DamagedImportance_IsRefusedByName()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "tales.halo"), "what?");
        Assert.Contains("tales.halo", Assert.Throws<GgufFormatException>(Open).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private LoadedModel Open()
    {
        string path = Path.Combine(_folder.FullName, "tales.gguf");
        File.Copy(TestPaths.BundledModel, path, overwrite: true);
        return LoadedModel.Open("tales", path, new StepLimits());
    }

    private void WriteImportance(int? groups)
    {
        using LoadedModel model = LoadedModel.Open("tales", TestPaths.BundledModel, new StepLimits());
        using FileStream file = File.Create(Path.Combine(_folder.FullName, "tales.halo"));
        ImportanceFile.Write(file, new ModelImportance
        {
            ModelHash = new string('0', 64),
            HiddenSize = model.Weights.Config.HiddenSize,
            Stages = [.. Enumerable.Range(0, 2 * model.Profile.LayerCount).Select(stage => new StageImportance
            {
                Mean = [.. Enumerable.Repeat(0.5f, groups ?? (stage % 2 == 0 ? model.Profile.HeadGroupCount : model.Profile.NeuronGroupCount))],
            })],
        });
    }
}
