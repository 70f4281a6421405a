using Halo.Inference.Templates.Values;

namespace Halo.Inference.Templates.Library;

/// <summary>Methods of mappings.</summary>
internal static class MapMethods
{
    internal static TemplateFunction? Find(TemplateMap map, string name) => name switch
    {
        "items" => new TemplateFunction(name, (rendering, _) => Items(rendering, map)),
        "keys" => new TemplateFunction(name, (rendering, _) => ValueLogic.Elements(rendering, map)),
        "values" => new TemplateFunction(name, (rendering, _) => Values(rendering, map)),
        "get" => new TemplateFunction(name, (_, arguments) =>
            map.Items.TryGetValue(arguments.Text(0, "key").Value, out object? value) ? value : arguments.Get(1, "default")),
        _ => null,
    };

    internal static TemplateList Items(Rendering rendering, TemplateMap map)
    {
        rendering.Step(map.Items.Count);
        return new TemplateList(map.Items.Select(item => new TemplateList([map.Key(item.Key), item.Value]) { IsTuple = true }));
    }

    private static TemplateList Values(Rendering rendering, TemplateMap map)
    {
        rendering.Step(map.Items.Count);
        return new TemplateList(map.Items.Values);
    }
}

/// <summary>Methods of lists.</summary>
internal static class ListMethods
{
    internal static TemplateFunction? Find(TemplateList list, string name) => name switch
    {
        "append" => new TemplateFunction(name, (_, arguments) =>
        {
            list.Add(arguments.Require(0, "item"));
            return null;
        }),
        "pop" => new TemplateFunction(name, (_, arguments) => Pop(list, arguments.Integer(0, "index", -1))),
        "index" => new TemplateFunction(name, (rendering, arguments) =>
            list.FindIndex(item => ValueLogic.AreEqual(rendering, item, arguments.Require(0, "item"))) is var at and >= 0
                ? (long)at
                : throw new TemplateException("what 'index' looks for is not in the list.")),
        "count" => new TemplateFunction(name, (rendering, arguments) =>
            list.LongCount(item => ValueLogic.AreEqual(rendering, item, arguments.Require(0, "item")))),
        _ => null,
    };

    private static object? Pop(TemplateList list, long index)
    {
        long at = index < 0 ? index + list.Count : index;
        if (at < 0 || at >= list.Count)
        {
            throw new TemplateException($"'pop' asks for element {index} of {list.Count}.");
        }

        object? item = list[(int)at];
        list.RemoveAt((int)at);
        return item;
    }
}
